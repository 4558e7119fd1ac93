"""The signed webhook, against a real server on the loopback."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr

from core.clock import ManualClock
from core.errors import Refused, Unavailable
from responders.alerting.receivers.webhook import (
    KEY,
    SIGNATURE,
    TIMESTAMP,
    Webhook,
    WebhookSettings,
    is_genuine,
)
from tests.builders import START, alert
from tests.responders.alerting.receivers.rigs.base import context
from tests.responders.alerting.receivers.rigs.webhook_rig import WebhookServer

SECRET = SecretStr("a secret of enough length")


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[WebhookServer]:
    opened = WebhookServer(ManualClock(START))
    async with opened.serving():
        yield opened


def webhook(session: ClientSession, url: str, *, timeout: float = 5) -> Webhook:
    settings = WebhookSettings.model_validate({"url": url, "secret": SECRET})
    return Webhook("pager", settings, context(session, ManualClock(START)), timeout=timeout)


async def test_an_alert_arrives_signed(session: ClientSession, server: WebhookServer) -> None:
    await webhook(session, server.url).deliver(alert("incident:INC-1:1"))
    [asked] = server.asked
    assert asked.path == "/hook"
    assert asked.headers[KEY] == "incident:INC-1:1#0"
    assert asked.headers["Content-Type"] == "application/json; charset=utf-8"
    told = json.loads(asked.body)
    assert told["title"] == "面包发霉"
    assert (told["severity"], told["brand"], told["incident"]) == ("P1", "hejia", None)
    assert told["created_at"] == "2026-03-02T09:00:00+00:00"
    timestamp, signature = asked.headers[TIMESTAMP], asked.headers[SIGNATURE]
    for seconds, body, secret, sound in (
        (0, asked.body, SECRET, True),
        (300, asked.body, SECRET, True),
        (-300, asked.body, SECRET, True),
        (301, asked.body, SECRET, False),
        (-301, asked.body, SECRET, False),
        (0, asked.body + b" ", SECRET, False),
        (0, asked.body, SecretStr("another secret, as long"), False),
    ):
        now = START + timedelta(seconds=seconds)
        assert sound is is_genuine(
            secret, timestamp=timestamp, body=body, signature=signature, now=now
        )
    later = str(int(timestamp) + 1)
    assert not is_genuine(
        SECRET, timestamp=later, body=asked.body, signature=signature, now=START
    ), "the time is signed, too"
    by_hand = hmac.new(
        SECRET.get_secret_value().encode(), timestamp.encode() + b"." + asked.body, hashlib.sha256
    )
    assert signature == by_hand.hexdigest(), "as the documentation tells receivers"
    assert b"secret" not in asked.body


@pytest.mark.parametrize(
    ("timestamp", "signature"), [("", "x"), ("1e9", "x"), ("٣", "x"), ("1", "é")]
)
def test_a_malformed_signature_is_not_genuine(timestamp: str, signature: str) -> None:
    assert not is_genuine(SECRET, timestamp=timestamp, body=b"", signature=signature, now=START)


async def test_a_hostile_alert_can_be_sent(session: ClientSession, server: WebhookServer) -> None:
    hostile = replace(alert("键\r\nX-Evil: 1\ud800"), title="\ud800\x00</script>")
    await webhook(session, server.url).deliver(hostile)
    [asked] = server.asked
    assert "X-Evil" not in asked.headers
    assert asked.headers[KEY].isascii()
    assert json.loads(asked.body)["title"] == hostile.title


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_an_answer_that_asks_for_a_retry_is_unavailable(
    session: ClientSession, server: WebhookServer, status: int
) -> None:
    server.answers = [status]
    with pytest.raises(Unavailable, match=str(status)) as caught:
        await webhook(session, server.url).deliver(alert())
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("7", 7.0), ("999999", 3600.0), ("soon", None), ("-1", None), ("²", None)],
)
async def test_retry_after_is_obeyed_for_an_hour_at_most(
    session: ClientSession, server: WebhookServer, asked: str, seconds: float | None
) -> None:
    server.answers, server.headers = [429], {"Retry-After": asked}
    with pytest.raises(Unavailable) as caught:
        await webhook(session, server.url).deliver(alert())
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404])
async def test_a_refusal_names_what_to_check_and_no_redirect_is_followed(
    session: ClientSession, server: WebhookServer, status: int
) -> None:
    server.answers, server.headers = [status], {"Location": server.url + "/elsewhere"}
    with pytest.raises(Refused, match=r"alerts\.webhooks"):
        await webhook(session, server.url).deliver(alert())
    assert [asked.path for asked in server.asked] == ["/hook"]


async def test_a_stalled_server_is_unavailable(
    session: ClientSession, server: WebhookServer
) -> None:
    server.stall = True
    with pytest.raises(Unavailable, match="Timeout"):
        await webhook(session, server.url, timeout=0.2).deliver(alert())


async def test_a_reset_connection_is_unavailable(
    session: ClientSession, server: WebhookServer
) -> None:
    server.reset = True
    with pytest.raises(Unavailable):
        await webhook(session, server.url).deliver(alert())


async def test_a_closed_port_is_unavailable(session: ClientSession) -> None:
    gone = WebhookServer(ManualClock(START))
    async with gone.serving():
        url = gone.url
    with pytest.raises(Unavailable):
        await webhook(session, url).deliver(alert())


async def test_an_invalid_address_is_refused_without_quoting_it(
    session: ClientSession,
) -> None:
    with pytest.raises(Refused) as caught:
        await webhook(session, "http://[token-in-url").deliver(alert())
    assert "not a valid http(s) URL" in str(caught.value)
    assert "token" not in str(caught.value)


async def in_doubt(session: ClientSession, server: WebhookServer) -> Webhook:
    """A webhook whose receiver has hung up after it was sent an alert."""
    hook = webhook(session, server.url)
    server.reset = True
    with pytest.raises(Unavailable):
        await hook.deliver(alert())
    server.reset = False
    server.asked.clear()
    return hook


async def test_a_notice_in_doubt_is_asked_for_before_it_is_resent(
    session: ClientSession, server: WebhookServer
) -> None:
    hook = await in_doubt(session, server)
    server.headers = {KEY: "a1#0"}
    await hook.deliver(alert())
    [asked] = server.asked
    assert (asked.method, asked.headers[KEY], asked.body) == ("HEAD", "a1#0", b"")
    assert is_genuine(
        SECRET,
        timestamp=asked.headers[TIMESTAMP],
        body=b"a1#0",
        signature=asked.headers[SIGNATURE],
        now=START,
    )
    server.headers = {}
    await hook.deliver(replace(alert(), notices=1))
    await hook.deliver(alert())
    assert [one.method for one in server.asked] == ["HEAD", "POST", "POST"], "no doubt is left"


@pytest.mark.parametrize(
    ("status", "named"), [(200, None), (200, "a1#1"), (405, None), (404, "a1#0"), (500, "a1#0")]
)
async def test_a_notice_in_doubt_that_is_not_confirmed_is_resent(
    session: ClientSession, server: WebhookServer, status: int, named: str | None
) -> None:
    hook = await in_doubt(session, server)
    server.answers, server.headers = [status], {} if named is None else {KEY: named}
    await hook.deliver(alert())
    assert [one.method for one in server.asked] == ["HEAD", "POST"]
    await hook.deliver(alert())
    assert [one.method for one in server.asked] == ["HEAD", "POST", "POST"]


async def test_a_notice_in_doubt_is_not_resent_while_the_server_cannot_be_asked(
    session: ClientSession, server: WebhookServer
) -> None:
    hook = await in_doubt(session, server)
    server.reset = True
    with pytest.raises(Unavailable):
        await hook.deliver(alert())
    assert {one.method for one in server.asked} == {"HEAD"}


@pytest.mark.parametrize(("status", "asked"), [(502, True), (504, True), (500, False)])
async def test_a_gateway_error_leaves_the_notice_in_doubt(
    session: ClientSession, server: WebhookServer, status: int, asked: bool
) -> None:
    hook = webhook(session, server.url)
    server.answers = [status]
    with pytest.raises(Unavailable):
        await hook.deliver(alert())
    await hook.deliver(alert())
    assert [one.method for one in server.asked][1:] == (["HEAD"] if asked else []) + ["POST"]


async def test_a_refused_connection_leaves_no_doubt(
    session: ClientSession,
) -> None:
    server = WebhookServer(ManualClock(START))
    async with server.serving():
        hook = webhook(session, server.url)
    with pytest.raises(Unavailable):
        await hook.deliver(alert())
    async with server.serving(port=int(server.url.rsplit(":", 1)[1].split("/")[0])):
        await hook.deliver(alert())
    assert [one.method for one in server.asked] == ["POST"]


async def test_the_number_of_notices_in_doubt_is_bounded(
    session: ClientSession, server: WebhookServer
) -> None:
    hook = await in_doubt(session, server)
    server.reset = True
    for number in range(1, 1002):
        with pytest.raises(Unavailable):
            await hook.deliver(replace(alert(), notices=number))
    server.reset = False
    server.asked.clear()
    await hook.deliver(alert())
    assert [one.method for one in server.asked] == ["POST"], "the oldest is forgotten"
