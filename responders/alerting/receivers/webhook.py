"""A receiver of alerts behind HTTP, with a signature it can check.

The signature is HMAC-SHA256, in hexadecimal, over the timestamp (seconds since 1970), a full stop
and the body. A receiver refuses old timestamps and drops an Idempotency-Key it has seen: that is
``KEY#N``, N being the number of the notice about that alert.

Where a connection ends without an answer nobody knows whether the alert was taken. Then the
receiver is asked by HEAD, with the same Idempotency-Key and signed over it in place of a body: one
that answers 200 to 299 and names the key again has it. One that answers anything else gets the
alert again.
"""

import hashlib
import hmac
import json
from collections import OrderedDict
from datetime import datetime
from typing import Final
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr

from core.alerts import Alert
from core.clock import Clock
from core.errors import Refused, Unavailable
from responders.alerting.receiver import notice_key

TIMESTAMP: Final = "Tingfeng-Timestamp"
SIGNATURE: Final = "Tingfeng-Signature"
KEY: Final = "Idempotency-Key"
_REMEDY: Final = "Check the address and the secret in alerts.webhooks."
_TIMEOUT: Final = 10.0
_LONGEST_RETRY_AFTER: Final = 3600.0
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_PASSED_ON: Final = frozenset({502, 504})
"""A proxy heard no answer from who may have taken it."""
_MOST_DOUBTS: Final = 1_000


class Webhook:
    """Sends each alert as one signed POST of JSON."""

    def __init__(
        self,
        *,
        name: str,
        url: str,
        secret: SecretStr,
        session: aiohttp.ClientSession,
        clock: Clock,
        timeout: float = _TIMEOUT,
    ) -> None:
        """``timeout`` in seconds, for the whole exchange."""
        self.name = name
        self._url = url
        self._secret = secret
        self._session = session
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._doubts: OrderedDict[str, None] = OrderedDict()
        """Keys of what may have been taken; after a restart it is sent again."""

    async def deliver(self, alert: Alert) -> None:
        """As Receiver.deliver; any answer of 200 to 299 takes the alert."""
        key = quote(notice_key(alert), safe=":-_.~#", errors="replace")
        if key in self._doubts and await self._has(key):
            del self._doubts[key]
            return
        body = encode(alert)
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    KEY: key,
                    **self._signed(body),
                },
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                status, wait = response.status, response.headers.get("Retry-After", "")
        except aiohttp.InvalidURL as error:  # its message is the address, which may hold a secret
            raise Refused("the address is none", remedy=_REMEDY) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            if not isinstance(error, aiohttp.ClientConnectorError):  # else nothing was sent
                self._doubt(key)
            raise _unreachable(error) from error
        if status in _PASSED_ON:
            self._doubt(key)
        else:
            self._doubts.pop(key, None)
        if 200 <= status < 300:
            return
        if status >= 500 or status in _TRY_AGAIN:
            seconds = min(float(wait), _LONGEST_RETRY_AFTER) if wait.isdecimal() else None
            raise Unavailable(f"the receiver answered {status}", retry_after=seconds)
        raise Refused(f"the receiver answered {status}", remedy=_REMEDY)

    async def _has(self, key: str) -> bool:
        """True where the receiver says that it has the notice. Raises Unavailable."""
        try:
            async with self._session.head(
                self._url,
                headers={KEY: key, **self._signed(key.encode("ascii"))},
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                return 200 <= response.status < 300 and response.headers.get(KEY) == key
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _unreachable(error) from error

    def _signed(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock.now().timestamp()))
        return {TIMESTAMP: timestamp, SIGNATURE: sign(self._secret, timestamp, body)}

    def _doubt(self, key: str) -> None:
        self._doubts[key] = None
        if len(self._doubts) > _MOST_DOUBTS:
            self._doubts.popitem(last=False)


def _unreachable(error: Exception) -> Unavailable:
    return Unavailable(f"{type(error).__name__}: {error}".rstrip(": "))


def encode(alert: Alert) -> bytes:
    """The alert as JSON in ASCII; times as ISO 8601 in UTC, unknown fields may be added later."""
    fields: dict[str, object] = {
        "key": alert.key,
        "kind": alert.kind,
        "severity": alert.severity,
        "title": alert.title,
        "body": alert.body,
        "created_at": alert.created_at.isoformat(),
        "brand": alert.brand,
        "incident": alert.incident,
        "state": alert.state,
        "owner": alert.owner,
        "channel": alert.channel,
        "category": alert.category,
        "notice": alert.notices,
        "drill": alert.drill,
        "part_of": alert.part_of,
        "texts": {one.language: {"title": one.title, "body": one.body} for one in alert.wordings},
    }
    return json.dumps(fields, sort_keys=True).encode("ascii")


def sign(secret: SecretStr, timestamp: str, body: bytes) -> str:
    """The signature a receiver expects."""
    message = timestamp.encode("ascii") + b"." + body
    return hmac.new(secret.get_secret_value().encode(), message, hashlib.sha256).hexdigest()


def is_genuine(
    secret: SecretStr,
    *,
    timestamp: str,
    body: bytes,
    signature: str,
    now: datetime,
    tolerance: float = 300.0,
) -> bool:
    """What a receiver checks: signed with the secret, within ``tolerance`` seconds of now."""
    if not (timestamp.isascii() and timestamp.isdecimal() and signature.isascii()):
        return False
    if abs(now.timestamp() - int(timestamp)) > tolerance:
        return False
    return hmac.compare_digest(sign(secret, timestamp, body), signature)
