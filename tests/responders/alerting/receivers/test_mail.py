"""E-mail, through a real SMTP server on the loopback."""

import asyncio
import email
import email.policy
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.clock import ManualClock
from core.errors import Refused, Unavailable
from core.settings import EmailSettings
from responders.alerting.receivers.mail import Mail
from tests.builders import START, alert
from tests.responders.alerting.receivers.robot_rig import EVIL, style


@dataclass
class Postbox:
    """Keeps what it gets; refuses what it is told to."""

    port: int = 0
    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    recipient_answer: str = ""
    data_answer: str = ""
    was_encrypted: bool = False

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object
    ) -> str:
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if self.data_answer:
            return self.data_answer
        assert isinstance(envelope.content, bytes)
        read = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(read, EmailMessage)
        assert server.transport is not None
        self.was_encrypted = server.transport.get_extra_info("ssl_object") is not None
        self.taken.append((list(envelope.rcpt_tos), read))
        return "250 OK"


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    known = isinstance(data, LoginPassword) and data.password == b"right"
    return AuthResult(success=known, handled=False)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context, and a client's that believes its certificate."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


@asynccontextmanager
async def post(
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    authenticates: bool = False,
) -> AsyncIterator[Postbox]:
    box, loop = Postbox(), asyncio.get_running_loop()

    def serve() -> SMTP:
        return SMTP(
            box,
            hostname="localhost",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=_authenticate if authenticates else None,
            auth_required=authenticates,
            loop=loop,
        )

    server = await loop.create_server(serve, "127.0.0.1", 0, ssl=tls)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


def mail(box: Postbox, *, trust: ssl.SSLContext | None = None, **changes: object) -> Mail:
    given: dict[str, object] = {
        "name": "duty",
        "host": "localhost",
        "port": box.port,
        "security": "none",
        "sender": "tingfeng@shop.example",
        "to": ("a@shop.example", "b@shop.example"),
    }
    settings = EmailSettings.model_validate(given | changes)
    return Mail(settings, style=style(), clock=ManualClock(START), trust=trust, timeout=5)


async def test_an_alert_is_a_mail_that_can_be_read_and_told_apart() -> None:
    async with post() as box:
        sender = mail(box)
        one = replace(alert(), notices=1)
        await sender.deliver(one)
        await sender.deliver(one)
        await sender.deliver(replace(one, notices=2, severity="P2"))
    (to, first), (_, again), (_, other) = box.taken
    assert to == ["a@shop.example", "b@shop.example"]
    assert first["Subject"] == "▲ P1 严重 · 面包发霉"
    assert "8 位作者" in first.get_content()
    assert first["Importance"] == "high"
    assert other["Importance"] is None
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert first["Date"].datetime == START


async def test_a_burst_is_one_mail() -> None:
    async with post() as box:
        many = [replace(alert(f"a{n}"), title=f"第{n}件") for n in range(20)]
        assert await mail(box).deliver_many(many) == 20
    [(_, said)] = box.taken
    assert said["Subject"] == "▲ P1 · 20 条告警"
    assert all(f"第{n}件" in said.get_content() for n in range(20))


async def test_hostile_text_writes_no_header() -> None:
    hostile = "x\r\nBcc: victim@x.example\r\n\r\nbody" + EVIL
    async with post() as box:
        sender = mail(box)
        await sender.deliver(replace(alert(), title=hostile, body=hostile))
        await sender.deliver_many([replace(alert(), title=hostile)] * 2)
    for to, said in box.taken:
        assert to == ["a@shop.example", "b@shop.example"]
        assert said["Bcc"] is None
        assert "http://evil" not in said.get_content()
        assert "\u202e" not in said.get_content()


async def test_starttls_tls_and_a_password(
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, trust = tls
    account = {"user": "bot", "password": "right"}
    async with AsyncExitStack() as stack:
        upgraded = await stack.enter_async_context(post(starttls=server, authenticates=True))
        await mail(upgraded, trust=trust, security="starttls", **account).deliver(alert())
        wrapped = await stack.enter_async_context(post(tls=server))
        await mail(wrapped, trust=trust, security="tls").deliver(alert())
        assert upgraded.was_encrypted
        assert wrapped.was_encrypted
        wrong = mail(upgraded, trust=trust, security="starttls", user="bot", password="wrong")
        with pytest.raises(Refused, match="535"):
            await wrong.deliver(alert())
        with pytest.raises(Unavailable, match="certificate"):
            await mail(wrapped, security="tls").deliver(alert())
        plain = await stack.enter_async_context(post())
        with pytest.raises(Unavailable):
            await mail(plain, trust=trust, security="starttls").deliver(alert())
        assert plain.taken == [], "nothing is sent in the open where that was not asked for"


async def test_what_the_server_answers_decides_whether_to_try_again() -> None:
    async with post() as box:
        sender = mail(box)
        for answer, kind in (("450 greylisted", Unavailable), ("550 no such user", Refused)):
            box.recipient_answer = answer
            with pytest.raises(kind, match=answer[:3]):
                await sender.deliver(alert())
        box.recipient_answer = ""
        for answer, kind in (("451 later", Unavailable), ("554 spam", Refused)):
            box.data_answer = answer
            with pytest.raises(kind, match=answer[:3]):
                await sender.deliver(alert())
    assert box.taken == []


async def test_nobody_there_and_a_server_that_stalls() -> None:
    gone = Postbox(port=9)
    with pytest.raises(Unavailable):
        await mail(gone).deliver(alert())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        stalled = Postbox(port=silent.getsockname()[1])
        slow = mail(stalled)
        slow._timeout = 0.3
        with pytest.raises(Unavailable):
            await slow.deliver(alert())
