"""A real SMTP server on the loopback."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from core.clock import Clock
from tests.responders.alerting.receivers.rigs.base import ReceiverRig

PASSWORD = "right"


@dataclass
class MailServer(ReceiverRig):
    """Keeps what it accepts; gives each configured answer once."""

    clock: Clock
    starttls: ssl.SSLContext | None = None
    tls: ssl.SSLContext | None = None
    authenticates: bool = False
    port: int = 0
    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    """Recipients and message."""
    recipient_answers: list[str] = field(default_factory=list)
    data_answers: list[str] = field(default_factory=list)
    was_encrypted: bool = False

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object
    ) -> str:
        if self.recipient_answers:
            return self.recipient_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if self.data_answers:
            return self.data_answers.pop(0)
        assert isinstance(envelope.content, bytes)
        read = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(read, EmailMessage)
        assert server.transport is not None
        self.was_encrypted = server.transport.get_extra_info("ssl_object") is not None
        self.taken.append((list(envelope.rcpt_tos), read))
        return "250 OK"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()

        def serve() -> SMTP:
            return SMTP(
                self,
                hostname="localhost",
                tls_context=self.starttls,
                require_starttls=self.starttls is not None,
                authenticator=_authenticate if self.authenticates else None,
                auth_required=self.authenticates,
                loop=loop,
            )

        server = await loop.create_server(serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "host": "localhost",
            "port": self.port,
            "security": "none",
            "sender": "tingfeng@shop.example",
            "to": ["a@shop.example", "b@shop.example"],
        }

    @property
    def secrets(self) -> Sequence[str]:
        return (PASSWORD,)

    def shown(self) -> Sequence[str]:
        return [f"{one['Subject']}\n{one.get_content()}" for _, one in self.taken]

    @property
    def keys(self) -> Sequence[str]:
        return [str(one["Message-ID"]) for _, one in self.taken]

    def refuse_next(self) -> None:
        self.data_answers.append("554 spam")

    def be_busy_next(self) -> None:
        self.data_answers.append("451 later")


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    known = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=known, handled=False)


RIG = MailServer
