"""Posts of X as events."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from yarl import URL

from connectors.x.account import XAccount
from connectors.x.client import account_authorisation, oauth1_header
from connectors.x.connector import tightest_limit
from connectors.x.events import addresses, created_at, id_before, read_post
from connectors.x.fields import native_id
from connectors.x.settings import XSettings
from core.clock import ManualClock
from core.errors import InputError
from core.model.events import EventKind
from tests.connectors.support import START
from tests.connectors.x.protocol import KEYS, Json, snowflake, wrong_signature

ME = XAccount(id="42", username="XMart")


def post(**more: object) -> Json:
    base: Json = {
        "id": "1001",
        "author_id": "7",
        "text": "hello",
        "created_at": "2026-03-01T08:00:00.000Z",
        "conversation_id": "1000",
    }
    return base | more


def read(includes: Json | None = None, **more: object) -> object:
    return read_post(post(**more), includes or {}, ME, channel="x").event


def test_a_whole_post() -> None:
    includes: Json = {
        "users": [
            {
                "id": "7",
                "name": "小王",
                "username": "wang",
                "public_metrics": {"followers_count": 3},
            }
        ]
    }
    found = read_post(
        post(
            attachments={"media_keys": ["3_1", 7, "3_2"]},
            referenced_tweets=[{"type": "replied_to", "id": "900"}],
            entities={"mentions": [{"id": "42", "username": "renamed"}]},
            public_metrics={"like_count": 1, "impression_count": 9},
        ),
        includes,
        ME,
        channel="x",
    )
    event = found.event
    assert found.version == 1001
    assert (event.channel, event.id, event.revision, event.kind) == ("x", "1001", 0, "comment")
    assert (event.author.id, event.author.name, event.author.followers) == ("7", "小王", 3)
    assert event.posted_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert (event.conversation, event.reply_to) == ("1000:7", "900")
    assert event.url == "https://x.com/wang/status/1001"
    assert (event.metrics.likes, event.metrics.reposts, event.metrics.views) == (1, None, 9)
    assert event.media == ("3_1", "3_2")
    assert event.solicited


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("M&amp;S &lt;3 &gt;", "M&S <3 >"),
        ("&amp;lt;", "&lt;"),
        ("&quot;&#39;&nbsp; & ;", "&quot;&#39;&nbsp; & ;"),
        ("\x00\u202e😀\n", "\x00\u202e😀\n"),
    ],
)
def test_texts_are_what_the_author_typed(text: str, spoken: str) -> None:
    assert read_post(post(text=text), {}, ME, channel="x").event.text == spoken


def test_a_long_post_has_its_whole_text() -> None:
    whole = "long " * 100
    assert read_post(post(note_tweet={"text": whole}), {}, ME, channel="x").event.text == whole
    assert read_post(post(note_tweet={"text": 7}), {}, ME, channel="x").event.text == "hello"


MENTION: Json = {"mentions": [{"username": "xmart"}]}
QUOTE = [{"type": "quoted", "id": "900"}]
LINK: Json = {"urls": [{"expanded_url": "https://twitter.com/xmart/status/900?s=20"}]}


@pytest.mark.parametrize(
    ("data", "included", "addressed"),
    [
        ({"entities": {"mentions": [{"id": "42", "username": "whoever"}]}}, [], True),
        ({"entities": MENTION}, [], True),
        ({"entities": {"mentions": [{"id": "43", "username": "xmart"}]}}, [], False),
        ({"entities": {"mentions": [{"username": "xmart2"}, 7, {}]}}, [], False),
        ({"text": "@xmart without an entity"}, [], False),
        ({"entities": "odd"}, [], False),
        ({"in_reply_to_user_id": "42"}, [], False),
        ({"referenced_tweets": QUOTE}, [{"id": "900", "author_id": "42"}], True),
        ({"referenced_tweets": QUOTE}, [{"id": "900", "author_id": "43"}], False),
        ({"referenced_tweets": QUOTE}, [{"id": "901", "author_id": "42"}], False),
        ({"referenced_tweets": QUOTE}, ["odd", {"id": None}], False),
        ({"referenced_tweets": QUOTE, "entities": LINK}, [], True),
        (
            {"referenced_tweets": QUOTE, "entities": LINK},
            [{"id": "900", "author_id": "43"}],
            False,
        ),
        ({"referenced_tweets": [{"type": "quoted", "id": "901"}], "entities": LINK}, [], False),
        ({"entities": LINK}, [], False),
        (
            {"referenced_tweets": [{"type": "replied_to", "id": "900"}]},
            [{"id": "900", "author_id": "42"}],
            False,
        ),
        (
            {"referenced_tweets": [{"type": "retweeted", "id": "5"}], "entities": MENTION},
            [],
            False,
        ),
    ],
)
def test_only_a_mention_or_a_quote_addresses_the_brand(
    data: Json, included: list[object], addressed: bool
) -> None:
    assert addresses(post(**data), {"tweets": included}, ME) is addressed


def test_kinds() -> None:
    assert read_post(post(), {}, ME, channel="x").event.kind is EventKind.POST
    shared = post(referenced_tweets=[{"type": "retweeted", "id": "5"}])
    assert read_post(shared, {}, ME, channel="x").event.kind is EventKind.REPOST
    quoting = post(referenced_tweets=QUOTE)
    found = read_post(quoting, {}, ME, channel="x").event
    assert (found.kind, found.reply_to) == (EventKind.POST, None)


@pytest.mark.parametrize(
    ("history", "native", "revision"),
    [
        (["1001"], "1001", 0),
        (["999", "1000", "1001"], "999", 2),
        (["999", "1001", "1002"], "999", 1),
        ([], "1001", 0),
        (["999"], "1001", 0),
        ("odd", "1001", 0),
        ([None, "1001"], "1001", 0),
    ],
)
def test_versions(history: object, native: str, revision: int) -> None:
    found = read_post(post(edit_history_tweet_ids=history), {}, ME, channel="x")
    assert (found.event.id, found.event.revision, found.version) == (native, revision, 1001)
    assert (found.event.kind is EventKind.EDIT) == (revision > 0)


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        [],
        post(id="x"),
        post(id=True),
        post(id="1" * 20),
        post(author_id=None),
        post(text=7),
        post(created_at="then"),
        {"id": "1", "author_id": "2", "text": "x"},
    ],
)
def test_what_is_no_post(data: object) -> None:
    with pytest.raises(InputError):
        read_post(data, {}, ME, channel="x")


def test_odd_parts_cost_only_themselves() -> None:
    odd = post(attachments=7, public_metrics=[], referenced_tweets="x", conversation_id="?")
    users: Json = {"users": [{"id": "7", "name": 7, "username": "<b>"}, "odd"]}
    event = read_post(odd, users, ME, channel="x").event
    assert (event.author.name, event.conversation) == ("", "1001:7")
    assert event.url == "https://x.com/i/status/1001"


def test_the_id_tells_the_time_where_nothing_else_does() -> None:
    number = snowflake(1234)
    data = post(id=str(number))
    del data["created_at"]
    event = read_post(data, {}, ME, channel="x").event
    assert (event.posted_at - START).total_seconds() == pytest.approx(1.234, abs=0.002)
    assert created_at(5) is None
    assert id_before(5, 30) == 5
    assert id_before(number, 30) == snowflake(1234 - 30_000)


def test_ids() -> None:
    assert native_id("007") == "7"
    assert native_id(7) == "7"
    assert [native_id(value) for value in (None, -1, 1.5, "", "1 ", "１", True)] == [None] * 7


def test_the_tightest_limit_is_shown() -> None:
    def limit(left: str, of: str) -> dict[str, str]:
        return {"x-rate-limit-remaining": left, "x-rate-limit-limit": of}

    assert tightest_limit({"/a": limit("9", "10"), "/b": limit("1", "2"), "/c": {}}) == "/b: 1 of 2"
    assert tightest_limit({"/a": limit("x", "10"), "/b": limit("1", "0")}) == ""


@pytest.mark.parametrize(
    "query", ["", "?a=1&a1=2&since_id=5", "?query=%28%E8%B6%85%E5%B8%82%29%20OR%20%40x&b=%2B~%2A"]
)
def test_the_signature_is_the_one_the_server_computes(query: str) -> None:
    settings = XSettings.model_validate({"bearer_token": "b", **KEYS})
    url = URL(f"https://api.x.com/2/users/42/mentions{query}", encoded=True)
    header = account_authorisation(settings, ManualClock(START))("GET", url)
    pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True)
    assert wrong_signature(header, "GET", str(url.with_query(None)), pairs) == ""


def test_the_signature_is_that_of_the_documented_example() -> None:
    """Source: https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature."""
    keys = (
        "xvz1evFS4wEEPTGEFPHBog",
        "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    )
    url = URL("https://api.twitter.com/1.1/statuses/update.json").with_query(
        include_entities="true", status="Hello Ladies + Gentlemen, a signed OAuth request!"
    )
    header = oauth1_header(
        keys,
        "POST",
        url,
        timestamp=1318622958,
        nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
    )
    assert 'oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"' in header
