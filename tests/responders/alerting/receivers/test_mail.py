"""E-mail: what an SMTP server sees beyond the contract of receivers."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.clock import ManualClock
from core.errors import Refused, Unavailable
from responders.alerting.receivers.mail import EmailSettings, Mail
from tests.builders import START, alert
from tests.responders.alerting.receivers.rigs.base import HOSTILE, context
from tests.responders.alerting.receivers.rigs.email_rig import PASSWORD, MailServer

Build = Callable[..., Mail]


def server(**changes: object) -> MailServer:
    return MailServer(ManualClock(START), **changes)  # type: ignore[arg-type]  # the caller names real fields


@pytest.fixture
async def build() -> AsyncIterator[Build]:
    """Makes a receiver for a server; further arguments are changes to its settings."""
    async with aiohttp.ClientSession() as session:

        def made(
            to: MailServer,
            *,
            tls_context: ssl.SSLContext | None = None,
            timeout: float = 5,
            **changes: object,
        ) -> Mail:
            return Mail(
                "duty",
                EmailSettings.model_validate({**to.settings, **changes}),
                context(session, ManualClock(START)),
                tls_context=tls_context,
                timeout=timeout,
            )

        yield made


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context, and a client's that trusts its certificate."""
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


async def test_an_alert_is_a_readable_mail_with_a_stable_message_id(build: Build) -> None:
    box = server()
    async with box.serving():
        sender = build(box)
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


async def test_a_burst_is_one_mail(build: Build) -> None:
    box = server()
    async with box.serving():
        many = [replace(alert(f"a{n}"), title=f"第{n}件") for n in range(20)]
        assert await build(box).deliver_batch(many) == 20
    [(_, mail)] = box.taken
    assert mail["Subject"] == "▲ P1 · 20 条告警"
    assert all(f"第{n}件" in mail.get_content() for n in range(20))


async def test_hostile_text_writes_no_header(build: Build) -> None:
    hostile = "x\r\nBcc: victim@x.example\r\n\r\nbody" + HOSTILE
    box = server()
    async with box.serving():
        sender = build(box)
        await sender.deliver(replace(alert(), title=hostile, body=hostile))
        await sender.deliver_batch([replace(alert(), title=hostile)] * 2)
    for to, mail in box.taken:
        assert to == ["a@shop.example", "b@shop.example"]
        assert mail["Bcc"] is None


async def test_starttls_tls_and_passwords_are_used_as_configured(
    build: Build, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    served, trusted = tls
    account = {"user": "bot", "password": PASSWORD}
    upgraded, wrapped, plain = (
        server(starttls=served, authenticates=True),
        server(tls=served),
        server(),
    )
    async with AsyncExitStack() as stack:
        for box in (upgraded, wrapped, plain):
            await stack.enter_async_context(box.serving())
        starttls, implicit = {"security": "starttls"}, {"security": "tls"}
        await build(upgraded, tls_context=trusted, **starttls, **account).deliver(alert())
        await build(wrapped, tls_context=trusted, **implicit).deliver(alert())
        assert upgraded.was_encrypted
        assert wrapped.was_encrypted
        wrong = {"user": "bot", "password": "wrong"}
        with pytest.raises(Refused, match="535"):
            await build(upgraded, tls_context=trusted, **starttls, **wrong).deliver(alert())
        with pytest.raises(Unavailable, match="certificate"):
            await build(wrapped, **implicit).deliver(alert())
        with pytest.raises(Unavailable):
            await build(plain, tls_context=trusted, **starttls).deliver(alert())
        assert plain.taken == [], "nothing is sent unencrypted unless that is configured"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"recipient_answers": ["450 greylisted"] * 2}, Unavailable),
        ({"recipient_answers": ["550 no such user"] * 2}, Refused),
        ({"data_answers": ["451 later"]}, Unavailable),
        ({"data_answers": ["554 spam"]}, Refused),
    ],
)
async def test_the_code_of_the_server_decides_whether_to_retry(
    build: Build, answer: dict[str, list[str]], kind: type[Exception]
) -> None:
    [[text, *_]] = answer.values()
    box = server(**answer)
    async with box.serving():
        with pytest.raises(kind, match=text[:3]):
            await build(box).deliver(alert())
    assert box.taken == []


async def test_a_stalled_server_is_unavailable(build: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        stalled = server(port=silent.getsockname()[1])
        with pytest.raises(Unavailable):
            await build(stalled, timeout=0.3).deliver(alert())
