"""E-mail over SMTP."""

import hashlib
import ssl
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, Literal

import aiosmtplib
from pydantic import Field, SecretStr

from core.errors import Refused, Unavailable
from core.model.alerts import Alert
from core.settings import Section
from responders.alerting.delivery import notice_key
from responders.alerting.receivers.kind import ReceiverContext, receiver_kind
from responders.alerting.receivers.message import Message, alert_message, merged_message

_TIMEOUT: Final = 20.0
_MAX_BYTES: Final = 100_000
_REMEDY: Final = "Check host, port, security, user, password, sender and to of the receiver."


class EmailSettings(Section):
    """A mailbox to send from, and the addresses to send to."""

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: SecretStr | None = None
    sender: str
    to: tuple[str, ...] = Field(min_length=1)


class Mail:
    """A receiver that sends each message to all addresses of the settings."""

    def __init__(
        self,
        name: str,
        settings: EmailSettings,
        context: ReceiverContext,
        *,
        tls_context: ssl.SSLContext | None = None,
        timeout: float = _TIMEOUT,
    ) -> None:
        """``tls_context``: for the server's certificate; ``None`` for the system's authorities.

        ``timeout``: seconds for each step of the exchange.
        """
        self.name = name
        self._settings = settings
        self._format = context.format
        self._clock = context.clock
        self._tls_context = tls_context
        self._timeout = timeout

    async def deliver(self, alert: Alert) -> None:
        """As Receiver.deliver."""
        await self._send(alert_message(alert, self._format), (alert,))

    async def deliver_batch(self, alerts: Sequence[Alert]) -> int:
        """As DeliversBatches.deliver_batch."""
        message, count = merged_message(
            alerts, self._format, lambda one: len(_text(one).encode("utf-8")) <= _MAX_BYTES
        )
        await self._send(message, alerts[:count])
        return count

    async def _send(self, message: Message, alerts: Sequence[Alert]) -> None:
        settings = self._settings
        password = settings.password
        try:
            await aiosmtplib.send(
                self._email(message, alerts),
                sender=settings.sender,
                recipients=list(settings.to),
                hostname=settings.host,
                port=settings.port,
                username=settings.user,
                password=None if password is None else password.get_secret_value(),
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=self._tls_context,
                timeout=self._timeout,
            )
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code, error.message) from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            raise _failure(first.code, first.message) from error
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    def _email(self, message: Message, alerts: Sequence[Alert]) -> EmailMessage:
        sender = self._settings.sender
        domain = sender.rpartition("@")[2] or "localhost"
        email = EmailMessage(policy=SMTP)
        email["Subject"] = message.title
        email["From"] = Address(addr_spec=sender)
        email["To"] = tuple(Address(addr_spec=one) for one in self._settings.to)
        email["Date"] = format_datetime(self._clock.now())
        email["Message-ID"] = f"<{_digest(alerts)}@{domain}>"
        email["Auto-Submitted"] = "auto-generated"
        if min(alert.severity for alert in alerts) == "P1":
            email["Importance"] = "high"
        email.set_content(_text(message), cte="base64")
        return email


def _text(message: Message) -> str:
    return "\n".join((message.title, "", *message.lines)) + "\n"


def _failure(code: int, answer: str) -> Refused | Unavailable:
    why = f"the mail server answered {code}: {answer[:200]}"
    return Refused(why, remedy=_REMEDY) if code >= 500 else Unavailable(why)


def _digest(alerts: Sequence[Alert]) -> str:
    """A key of these notices: mail programs show a message with a known Message-ID once."""
    keys = "\n".join(map(notice_key, alerts))
    return hashlib.sha256(keys.encode("utf-8", "replace")).hexdigest()[:40]


KIND: Final = receiver_kind(EmailSettings, Mail)
