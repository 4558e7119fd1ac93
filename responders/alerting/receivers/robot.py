"""Group robots of chat platforms: one POST per message, with the outcome in the answer's body."""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import aiohttp
from pydantic import SecretStr

from core.clock import Clock
from core.errors import ConnectorError, Refused, Unavailable
from core.model.alerts import Alert
from core.settings import Section
from responders.alerting.receivers.http_errors import invalid_url, status_error, unreachable
from responders.alerting.receivers.kind import ReceiverContext, ReceiverKind, receiver_kind
from responders.alerting.receivers.message import Message, alert_message, merged_message

_TIMEOUT: Final = 10.0
_MAX_ANSWER_BYTES: Final = 64 * 1024


class RobotSettings(Section):
    """A robot of a staff group."""

    url: SecretStr
    """The robot's address; it contains an access token."""
    secret: SecretStr | None = None
    """Signs each message, on platforms that offer signatures."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """At most ``count`` messages in any ``seconds``."""

    count: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """Additions to a request that sign it."""

    query: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    """Keys of the body."""


def unsigned(_secret: SecretStr, _now: datetime) -> Signature:
    """The signature of platforms that offer none."""
    return Signature()


@dataclass(frozen=True, kw_only=True, slots=True)
class RobotPlatform:
    """The robot API of one chat platform."""

    limits: tuple[RateLimit, ...]
    fits: Callable[[Message], bool]
    """True if ``payload`` truncates nothing of the message."""
    payload: Callable[[Message], Mapping[str, object]]
    """Body of the request; truncates what is too long."""
    sign: Callable[[SecretStr, datetime], Signature] = unsigned
    error_in: Callable[[bytes], ConnectorError | None]
    """Reads the body of an answer with a 2xx status; ``None`` if the message was accepted."""


def robot_kind(platform: RobotPlatform) -> ReceiverKind:
    """Declare the robots of a platform as a kind of receiver."""

    def build(name: str, settings: RobotSettings, context: ReceiverContext) -> Robot:
        return Robot(name, settings, platform=platform, context=context)

    return receiver_kind(RobotSettings, build)


class Robot:
    """A receiver that posts to one robot's address."""

    def __init__(
        self,
        name: str,
        settings: RobotSettings,
        *,
        platform: RobotPlatform,
        context: ReceiverContext,
        timeout: float = _TIMEOUT,
    ) -> None:
        """``timeout``: seconds for one request and its answer."""
        self.name = name
        self._settings = settings
        self._platform = platform
        self._format = context.format
        self._session = context.session
        self._clock = context.clock
        self._limiter = _RateLimiter(platform.limits, context.clock)
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    def ready_in(self) -> float:
        """As ThrottlesDeliveries.ready_in."""
        return self._limiter.ready_in()

    async def deliver(self, alert: Alert) -> None:
        """As Receiver.deliver."""
        await self._post(alert_message(alert, self._format))

    async def deliver_batch(self, alerts: Sequence[Alert]) -> int:
        """As DeliversBatches.deliver_batch."""
        message, count = merged_message(alerts, self._format, self._platform.fits)
        await self._post(message)
        return count

    async def _post(self, message: Message) -> None:
        while (wait := self._limiter.ready_in()) > 0:
            await self._clock.sleep(wait)
        self._limiter.note()
        secret = self._settings.secret
        now = self._clock.now()
        signature = Signature() if secret is None else self._platform.sign(secret, now)
        body = json.dumps(
            {**signature.fields, **self._platform.payload(message)}, ensure_ascii=False
        )
        try:
            async with self._session.post(
                self._settings.url.get_secret_value(),
                params=signature.query,
                data=body.encode("utf-8", "replace"),
                headers={"Content-Type": "application/json; charset=utf-8"},
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
                answer = await response.content.read(_MAX_ANSWER_BYTES)
        except aiohttp.InvalidURL as error:
            raise invalid_url(self._remedy()) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise unreachable(error) from error
        failure = status_error(status, retry_after, remedy=self._remedy())
        failure = failure or self._platform.error_in(answer)
        if failure is not None:
            raise failure

    def _remedy(self) -> str:
        return f"Check url and secret of the receiver {self.name} in the section alerts."


def code_error(
    answer: bytes, *, key: str, retry_codes: Mapping[int, float], remedy: str
) -> ConnectorError | None:
    """Read an answer that holds a result code; ``None`` for the code 0, which means accepted.

    Args:
        answer: the answer's body, JSON.
        key: name of the code in it.
        retry_codes: codes that ask to send later, with the seconds until then.
        remedy: advice for all other codes.
    """
    try:
        parsed = json.loads(answer)
        code = parsed[key]
        text = str(parsed.get("errmsg", parsed.get("msg", "")))[:200]
    except (ValueError, LookupError, TypeError, AttributeError):
        return Unavailable("the answer is not one of the platform's robot API")
    if code == 0 and not isinstance(code, bool):
        return None
    why = f"the platform answered {key} {code!r:.40}: {text}"
    if isinstance(code, int) and code in retry_codes:
        return Unavailable(why, retry_after=retry_codes[code])
    return Refused(why, remedy=remedy)


class _RateLimiter:
    """Spaces out messages so that the platform never has to refuse one.

    The more was sent in a limit's window, the longer the next message waits and collects alerts: a
    burst becomes fewer and larger messages, and a slot is always free soon for a severe alert.
    """

    def __init__(self, limits: Sequence[RateLimit], clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._sent_at: deque[float] = deque(maxlen=max(limit.count for limit in limits))

    def ready_in(self) -> float:
        """Seconds until the next message may be sent; 0 if that is now."""
        now = self._clock.monotonic()
        return max(self._wait(limit, now) for limit in self._limits)

    def _wait(self, limit: RateLimit, now: float) -> float:
        recent = [at for at in self._sent_at if now - at < limit.seconds]
        if len(recent) >= limit.count:
            return recent[-limit.count] + limit.seconds - now
        if not recent:
            return 0.0
        spacing = 2 * limit.seconds * len(recent) / limit.count**2
        return max(0.0, recent[-1] + spacing - now)

    def note(self) -> None:
        """Count a message that is being sent now."""
        self._sent_at.append(self._clock.monotonic())
