"""Webhooks: each notice as a signed POST of JSON.

The signature is the HMAC-SHA256, in hexadecimal, of the timestamp (seconds since 1970), a full stop
and the body. The other end refuses old timestamps and drops an Idempotency-Key it has seen:
``KEY#N`` for the Nth notice about the alert with that key.

If the connection ends without an answer, the alert may have been accepted. Before the retry the
other end is asked: a HEAD request bears the same Idempotency-Key and a signature of it in place of
a body. An answer of 200 to 299 that repeats the key means accepted; after any other the alert is
sent again.
"""

import hashlib
import hmac
import json
from collections import OrderedDict
from datetime import datetime
from typing import Final
from urllib.parse import quote

import aiohttp
from pydantic import Field, SecretStr

from core.model.alerts import Alert
from core.settings import Section
from responders.alerting.delivery import notice_key
from responders.alerting.receivers.http_errors import invalid_url, status_error, unreachable
from responders.alerting.receivers.kind import ReceiverContext, receiver_kind

TIMESTAMP: Final = "Tingfeng-Timestamp"
SIGNATURE: Final = "Tingfeng-Signature"
KEY: Final = "Idempotency-Key"
_REMEDY: Final = "Check url and secret of the webhook, in alerts.webhooks or alerts.receivers."
_TIMEOUT: Final = 10.0
_GATEWAY_STATUSES: Final = frozenset({502, 504})
"""A proxy got no answer from a server that may have accepted the alert."""
_MAX_IN_DOUBT: Final = 1_000


class WebhookSettings(Section):
    """A webhook."""

    url: str = Field(pattern=r"^https?://")
    secret: SecretStr = Field(min_length=16)
    """Key of the signature."""


class Webhook:
    """A receiver that posts to one URL."""

    def __init__(
        self,
        name: str,
        settings: WebhookSettings,
        context: ReceiverContext,
        *,
        timeout: float = _TIMEOUT,
    ) -> None:
        """``timeout``: seconds for one request and its answer."""
        self.name = name
        self._url = settings.url
        self._secret = settings.secret
        self._session = context.session
        self._clock = context.clock
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._in_doubt: OrderedDict[str, None] = OrderedDict()
        """Keys of notices that may have been accepted. Lost in a restart: then they are resent."""

    async def deliver(self, alert: Alert) -> None:
        """As Receiver.deliver; any answer of 200 to 299 accepts the alert."""
        key = quote(notice_key(alert), safe=":-_.~#", errors="replace")
        if key in self._in_doubt and await self._has_accepted(key):
            del self._in_doubt[key]
            return
        body = encode(alert)
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    KEY: key,
                    **self._signature(body),
                },
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        except aiohttp.InvalidURL as error:
            raise invalid_url(_REMEDY) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            if not isinstance(error, aiohttp.ClientConnectorError):  # else nothing was sent
                self._doubt(key)
            raise unreachable(error) from error
        if status in _GATEWAY_STATUSES:
            self._doubt(key)
        else:
            self._in_doubt.pop(key, None)
        failure = status_error(status, retry_after, remedy=_REMEDY)
        if failure is not None:
            raise failure

    async def _has_accepted(self, key: str) -> bool:
        """Ask the other end for a notice. Raises Unavailable."""
        try:
            async with self._session.head(
                self._url,
                headers={KEY: key, **self._signature(key.encode("ascii"))},
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                return 200 <= response.status < 300 and response.headers.get(KEY) == key
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise unreachable(error) from error

    def _signature(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock.now().timestamp()))
        return {TIMESTAMP: timestamp, SIGNATURE: sign(self._secret, timestamp, body)}

    def _doubt(self, key: str) -> None:
        self._in_doubt[key] = None
        if len(self._in_doubt) > _MAX_IN_DOUBT:
            self._in_doubt.popitem(last=False)


def encode(alert: Alert) -> bytes:
    """The alert as JSON in ASCII, with times as ISO 8601 in UTC. Later versions may add fields."""
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
    """The signature of a body sent at ``timestamp``, in hexadecimal."""
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
    """Check a request as the other end has to.

    Args:
        secret: the shared secret.
        timestamp: header of the request.
        body: its body, byte for byte; the Idempotency-Key for a HEAD request.
        signature: header of the request.
        now: current time.
        tolerance: greatest difference between timestamp and ``now`` in seconds.
    """
    if not (timestamp.isascii() and timestamp.isdecimal() and signature.isascii()):
        return False
    if abs(now.timestamp() - int(timestamp)) > tolerance:
        return False
    return hmac.compare_digest(sign(secret, timestamp, body), signature)


KIND: Final = receiver_kind(WebhookSettings, Webhook)
