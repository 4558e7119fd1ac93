"""Alerts as e-mail, through aiosmtplib."""

import hashlib
import ssl
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

import aiosmtplib

from core.alerts import Alert
from core.clock import Clock
from core.errors import Refused, Unavailable
from core.settings import EmailSettings
from responders.alerting.receiver import notice_key
from responders.alerting.receivers.text import Message, Style, message, together

_TIMEOUT: Final = 20.0
_ROOM: Final = 100_000
_REMEDY: Final = "Check host, port, security, user, password and addresses in alerts.emails."


class Mail:
    """One sender and some addresses."""

    def __init__(
        self,
        settings: EmailSettings,
        *,
        style: Style,
        clock: Clock,
        trust: ssl.SSLContext | None = None,
        timeout: float = _TIMEOUT,
    ) -> None:
        """``trust``: whose certificates are believed; the system's where it is ``None``."""
        self.name = settings.name
        self._settings = settings
        self._style = style
        self._clock = clock
        self._trust = trust
        self._timeout = timeout

    async def deliver(self, alert: Alert) -> None:
        """As Receiver.deliver."""
        await self._send(message(alert, self._style), (alert,))

    async def deliver_many(self, alerts: Sequence[Alert]) -> int:
        """As Merges.deliver_many."""
        found, told = together(alerts, self._style, lambda said: _size(said) <= _ROOM)
        await self._send(found, alerts[:told])
        return told

    async def _send(self, said: Message, alerts: Sequence[Alert]) -> None:
        settings = self._settings
        password = settings.password
        try:
            await aiosmtplib.send(
                self._write(said, alerts),
                sender=settings.sender,
                recipients=list(settings.to),
                hostname=settings.host,
                port=settings.port,
                username=settings.user,
                password=None if password is None else password.get_secret_value(),
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=self._trust,
                timeout=self._timeout,
            )
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code, error.message) from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            raise _failure(first.code, first.message) from error
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    def _write(self, said: Message, alerts: Sequence[Alert]) -> EmailMessage:
        written = EmailMessage(policy=SMTP)
        written["Subject"] = said.title
        written["From"] = _address(self._settings.sender)
        written["To"] = tuple(map(_address, self._settings.to))
        written["Date"] = format_datetime(self._clock.now())
        written["Message-ID"] = f"<{_digest(alerts)}@{_domain(self._settings.sender)}>"
        written["Auto-Submitted"] = "auto-generated"
        if min(alert.severity for alert in alerts) == "P1":
            written["Importance"] = "high"
        written.set_content("\n".join((said.title, "", *said.lines)) + "\n", cte="base64")
        return written


def _failure(code: int, said: str) -> Refused | Unavailable:
    why = f"the mail server answered {code}: {said[:200]}"
    return Refused(why, remedy=_REMEDY) if code >= 500 else Unavailable(why)


def _address(text: str) -> Address:
    return Address(addr_spec=text)


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2] or "localhost"


def _digest(alerts: Sequence[Alert]) -> str:
    """The same for the same notices, so that a mail that comes twice can be told."""
    keys = "\n".join(map(notice_key, alerts))
    return hashlib.sha256(keys.encode("utf-8", "replace")).hexdigest()[:40]


def _size(said: Message) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in (said.title, *said.lines))
