"""A chat robot of staff: one POST a message, and a verdict that stands in the answer's body."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import aiohttp
from pydantic import SecretStr

from core.alerts import Alert
from core.clock import Clock
from core.errors import ConnectorError, Refused, Unavailable
from responders.alerting.receivers.pace import Limit, Pace
from responders.alerting.receivers.text import Message, Style, message, together

_TIMEOUT: Final = 10.0
_LONGEST_RETRY_AFTER: Final = 3600.0
_MOST_BYTES: Final = 64 * 1024
_TRY_AGAIN: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """What a signature adds to a request."""

    query: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    """Keys of the body."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How one platform is spoken to."""

    limits: tuple[Limit, ...]
    fits: Callable[[Message], bool]
    """True where nothing has to be cut."""
    write: Callable[[Message], Mapping[str, object]]
    """The body of a message; cuts what does not fit."""
    sign: Callable[[SecretStr, datetime], Signed]
    judge: Callable[[bytes], ConnectorError | None]
    """What the body of a 200 says: ``None`` where the message was taken."""


class Robot:
    """A receiver at one robot's address."""

    def __init__(
        self,
        *,
        name: str,
        url: SecretStr,
        secret: SecretStr | None,
        dialect: Dialect,
        style: Style,
        session: aiohttp.ClientSession,
        clock: Clock,
        timeout: float = _TIMEOUT,
    ) -> None:
        """``timeout`` in seconds, for the whole exchange."""
        self.name = name
        self._url = url
        self._secret = secret
        self._dialect = dialect
        self._style = style
        self._session = session
        self._clock = clock
        self._pace = Pace(dialect.limits, clock)
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    def ready_in(self) -> float:
        """As Paced.ready_in."""
        return self._pace.ready_in()

    async def deliver(self, alert: Alert) -> None:
        """As Receiver.deliver."""
        await self._send(message(alert, self._style))

    async def deliver_many(self, alerts: Sequence[Alert]) -> int:
        """As Merges.deliver_many."""
        found, told = together(alerts, self._style, self._dialect.fits)
        await self._send(found)
        return told

    async def _send(self, said: Message) -> None:
        while (early := self._pace.ready_in()) > 0:
            await self._clock.sleep(early)
        self._pace.note()
        signed = Signed() if self._secret is None else self._sign(self._secret)
        body = json.dumps({**signed.fields, **self._dialect.write(said)}, ensure_ascii=False)
        try:
            async with self._session.post(
                self._url.get_secret_value(),
                params=signed.query,
                data=body.encode("utf-8", "replace"),
                headers={"Content-Type": "application/json; charset=utf-8"},
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                status, wait = response.status, response.headers.get("Retry-After", "")
                answer = await response.content.read(_MOST_BYTES)
        except aiohttp.InvalidURL as error:  # its message is the address, which holds a secret
            raise Refused("the address is none", remedy=self._remedy()) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{type(error).__name__}: {error}".rstrip(": ")) from error
        if status >= 500 or status in _TRY_AGAIN:
            seconds = min(float(wait), _LONGEST_RETRY_AFTER) if wait.isdecimal() else None
            raise Unavailable(f"the robot answered {status}", retry_after=seconds)
        if not 200 <= status < 300:
            raise Refused(f"the robot answered {status}", remedy=self._remedy())
        failure = self._dialect.judge(answer)
        if failure is not None:
            raise failure

    def _sign(self, secret: SecretStr) -> Signed:
        return self._dialect.sign(secret, self._clock.now())

    def _remedy(self) -> str:
        return f"Check the address and the secret of the robot {self.name} in alerts.robots."


def judge_code(
    answer: bytes, *, key: str, busy: Mapping[int, float], remedy: str
) -> ConnectorError | None:
    """The verdict of platforms that answer ``{key: 0}`` where they took a message.

    ``busy``: codes that ask to wait, with the seconds.
    """
    try:
        said = json.loads(answer)
        code = said[key]
        text = str(said.get("errmsg", said.get("msg", "")))[:200]
    except (ValueError, LookupError, TypeError, AttributeError):
        return Unavailable("the robot answered something else than its platform does")
    if code == 0 and not isinstance(code, bool):
        return None
    why = f"the robot answered {key} {code!r:.40}: {text}"
    if isinstance(code, int) and code in busy:
        return Unavailable(why, retry_after=busy[code])
    return Refused(why, remedy=remedy)
