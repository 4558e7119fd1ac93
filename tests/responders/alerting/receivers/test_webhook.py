"""The signed webhook, against a real server on the loopback."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest
from pydantic import SecretStr

from core.clock import ManualClock
from core.errors import Refused, Unavailable
from responders.alerting.receivers.webhook import KEY, SIGNATURE, TIMESTAMP, Webhook, is_genuine
from tests.builders import START, alert
from tests.responders.alerting.hooks import Ledger, receiver

SECRET = SecretStr("a secret of enough length")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def ledger() -> AsyncIterator[Ledger]:
    async with receiver() as opened:
        yield opened


def webhook(session: aiohttp.ClientSession, url: str, *, timeout: float = 5) -> Webhook:
    return Webhook(
        name="pager",
        url=url,
        secret=SECRET,
        session=session,
        clock=ManualClock(START),
        timeout=timeout,
    )


async def test_an_alert_arrives_signed(session: aiohttp.ClientSession, ledger: Ledger) -> None:
    await webhook(session, ledger.url).deliver(alert("incident:INC-1:1"))
    [asked] = ledger.asked
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


async def test_a_hostile_alert_can_be_sent(session: aiohttp.ClientSession, ledger: Ledger) -> None:
    hostile = replace(alert("键\r\nX-Evil: 1\ud800"), title="\ud800\x00</script>")
    await webhook(session, ledger.url).deliver(hostile)
    [asked] = ledger.asked
    assert "X-Evil" not in asked.headers
    assert asked.headers[KEY].isascii()
    assert json.loads(asked.body)["title"] == hostile.title


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_a_receiver_in_trouble_is_tried_again(
    session: aiohttp.ClientSession, ledger: Ledger, status: int
) -> None:
    ledger.answers = [status]
    with pytest.raises(Unavailable, match=str(status)) as caught:
        await webhook(session, ledger.url).deliver(alert())
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("7", 7.0), ("999999", 3600.0), ("soon", None), ("-1", None), ("²", None)],
)
async def test_a_receiver_may_say_when(
    session: aiohttp.ClientSession, ledger: Ledger, asked: str, seconds: float | None
) -> None:
    ledger.answers, ledger.headers = [429], {"Retry-After": asked}
    with pytest.raises(Unavailable) as caught:
        await webhook(session, ledger.url).deliver(alert())
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404])
async def test_a_refusal_names_what_to_check_and_no_redirect_is_followed(
    session: aiohttp.ClientSession, ledger: Ledger, status: int
) -> None:
    ledger.answers, ledger.headers = [status], {"Location": ledger.url + "/elsewhere"}
    with pytest.raises(Refused, match=r"alerts\.webhooks"):
        await webhook(session, ledger.url).deliver(alert())
    assert [asked.path for asked in ledger.asked] == ["/hook"]


async def test_a_stalled_receiver_is_left(session: aiohttp.ClientSession, ledger: Ledger) -> None:
    ledger.stall = True
    with pytest.raises(Unavailable, match="Timeout"):
        await webhook(session, ledger.url, timeout=0.2).deliver(alert())


async def test_a_reset_is_unavailable(session: aiohttp.ClientSession, ledger: Ledger) -> None:
    ledger.reset = True
    with pytest.raises(Unavailable):
        await webhook(session, ledger.url).deliver(alert())


async def test_nobody_there_is_unavailable(session: aiohttp.ClientSession) -> None:
    async with receiver() as gone:
        url = gone.url
    with pytest.raises(Unavailable):
        await webhook(session, url).deliver(alert())


async def test_an_address_that_is_none_is_refused_without_being_told(
    session: aiohttp.ClientSession,
) -> None:
    with pytest.raises(Refused) as caught:
        await webhook(session, "http://[token-in-url").deliver(alert())
    assert "token" not in str(caught.value)


async def in_doubt(session: aiohttp.ClientSession, ledger: Ledger) -> Webhook:
    """A webhook whose receiver has hung up after it was sent an alert."""
    hook = webhook(session, ledger.url)
    ledger.reset = True
    with pytest.raises(Unavailable):
        await hook.deliver(alert())
    ledger.reset = False
    ledger.asked.clear()
    return hook


async def test_what_may_have_been_taken_is_asked_for_before_it_is_sent_again(
    session: aiohttp.ClientSession, ledger: Ledger
) -> None:
    hook = await in_doubt(session, ledger)
    ledger.headers = {KEY: "a1#0"}
    await hook.deliver(alert())
    [asked] = ledger.asked
    assert (asked.method, asked.headers[KEY], asked.body) == ("HEAD", "a1#0", b"")
    assert is_genuine(
        SECRET,
        timestamp=asked.headers[TIMESTAMP],
        body=b"a1#0",
        signature=asked.headers[SIGNATURE],
        now=START,
    )
    ledger.headers = {}
    await hook.deliver(replace(alert(), notices=1))
    await hook.deliver(alert())
    assert [one.method for one in ledger.asked] == ["HEAD", "POST", "POST"], "no doubt is left"


@pytest.mark.parametrize(
    ("status", "named"), [(200, None), (200, "a1#1"), (405, None), (404, "a1#0"), (500, "a1#0")]
)
async def test_a_receiver_that_does_not_say_that_it_has_it_gets_it_again(
    session: aiohttp.ClientSession, ledger: Ledger, status: int, named: str | None
) -> None:
    hook = await in_doubt(session, ledger)
    ledger.answers, ledger.headers = [status], {} if named is None else {KEY: named}
    await hook.deliver(alert())
    assert [one.method for one in ledger.asked] == ["HEAD", "POST"]
    await hook.deliver(alert())
    assert [one.method for one in ledger.asked] == ["HEAD", "POST", "POST"]


async def test_while_it_cannot_be_asked_nothing_is_sent(
    session: aiohttp.ClientSession, ledger: Ledger
) -> None:
    hook = await in_doubt(session, ledger)
    ledger.reset = True
    with pytest.raises(Unavailable):
        await hook.deliver(alert())
    assert {one.method for one in ledger.asked} == {"HEAD"}


@pytest.mark.parametrize(("status", "asked"), [(502, True), (504, True), (500, False)])
async def test_a_proxy_without_an_answer_leaves_a_doubt(
    session: aiohttp.ClientSession, ledger: Ledger, status: int, asked: bool
) -> None:
    hook = webhook(session, ledger.url)
    ledger.answers = [status]
    with pytest.raises(Unavailable):
        await hook.deliver(alert())
    await hook.deliver(alert())
    assert [one.method for one in ledger.asked][1:] == (["HEAD"] if asked else []) + ["POST"]


async def test_where_nobody_was_reached_there_is_no_doubt(
    session: aiohttp.ClientSession,
) -> None:
    async with receiver() as ledger:
        hook = webhook(session, ledger.url)
    with pytest.raises(Unavailable):
        await hook.deliver(alert())
    async with receiver(port=int(ledger.url.rsplit(":", 1)[1].split("/")[0])) as back:
        await hook.deliver(alert())
    assert [one.method for one in back.asked] == ["POST"]


async def test_doubts_are_bounded(session: aiohttp.ClientSession, ledger: Ledger) -> None:
    hook = await in_doubt(session, ledger)
    ledger.reset = True
    for number in range(1, 1002):
        with pytest.raises(Unavailable):
            await hook.deliver(replace(alert(), notices=number))
    ledger.reset = False
    ledger.asked.clear()
    await hook.deliver(alert())
    assert [one.method for one in ledger.asked] == ["POST"], "the oldest is forgotten"
