"""Webhook bodies: verified, stored before they are answered, in every format."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.connector import HandlesHttp, PushRequest, PushResponse, ScreensHttp
from tests.connectors.support import START, running
from tests.connectors.x.bench import Bench, x_bench
from tests.connectors.x.protocol import KEYS, Json, error


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with x_bench(tmp_path) as made:
        yield made


def sign(content: bytes, secret: str = KEYS["consumer_secret"]) -> str:
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode()


def pushed(
    body: Json | bytes, *, signature: str | None = None, method: str = "POST"
) -> PushRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    shown = sign(raw) if signature is None else signature
    headers = {"x-twitter-webhooks-signature": shown} if shown else {}
    return PushRequest(method=method, path="/push/x", query={}, headers=headers, body=raw)


def post(bench: Bench) -> Json:
    number = bench.server.say("@xmart 面包发霉了", live=False)
    data = bench.server.posts[int(number)]
    return {"data": data, "includes": bench.server.includes([data]), "matching_rules": []}


async def test_the_challenge_is_answered(bench: Bench) -> None:
    connector = bench.connector(mode="webhook")
    assert isinstance(connector, HandlesHttp)
    token = "9b4507b3 +/é"
    request = PushRequest(
        method="GET", path="/push/x", query={"crc_token": token}, headers={}, body=b""
    )
    answer = await connector.handle_http(request)
    assert answer.status == 200
    assert answer.content_type.startswith("application/json")
    assert json.loads(answer.body) == {"response_token": sign(token.encode())}
    assert not bench.server.calls


@pytest.mark.parametrize("query", [{}, {"crc_token": ""}, {"crc_token": "x" * 1001}])
async def test_a_challenge_without_a_token_is_refused(bench: Bench, query: dict[str, str]) -> None:
    request = PushRequest(method="GET", path="/push/x", query=query, headers={}, body=b"")
    assert (await bench.connector(mode="webhook").handle_http(request)).status == 400


async def test_a_pushed_post_is_stored_before_it_is_answered(bench: Bench) -> None:
    connector = bench.connector(mode="webhook")
    body = post(bench)
    bench.kit.intake.full = True
    assert (await connector.handle_http(pushed(body))).status == 503
    bench.kit.intake.full = False
    for _ in range(2):
        assert await connector.handle_http(pushed(body)) == PushResponse(status=200)
    (event,) = bench.kit.intake.events.values()
    assert (event.text, event.solicited) == ("@xmart 面包发霉了", True)
    assert bench.kit.intake.cursors == {}
    assert dict(connector.detail())["read_this_month"].startswith("1 of")


async def test_only_x_may_push(bench: Bench) -> None:
    connector = bench.connector(mode="webhook")
    body = post(bench)
    raw = json.dumps(body).encode()
    for shown in (" ", "wrong", sign(raw)[:-1], sign(raw, "other"), sign(raw + b" "), "é\ud800"):
        assert (await connector.handle_http(pushed(body, signature=shown))).status == 403
    assert (await connector.handle_http(pushed(body, signature=""))).status == 403
    assert (await connector.handle_http(pushed(body, method="PUT"))).status == 405
    assert (await bench.connector().handle_http(pushed(body))).status == 404
    assert not bench.kit.intake.events
    assert not bench.server.calls


async def test_a_push_while_x_is_down_is_pushed_again(bench: Bench) -> None:
    connector = bench.connector(mode="webhook")
    bench.server.trouble("me", error(500, "x"))
    body = post(bench)
    assert (await connector.handle_http(pushed(body))).status == 503
    assert (await connector.handle_http(pushed(body))).status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"7", b"[" * 100_000])
async def test_a_signed_body_that_is_no_object_is_kept_and_not_pushed_again(
    bench: Bench, body: bytes
) -> None:
    connector = bench.connector(mode="webhook")
    for _ in range(2):
        assert (await connector.handle_http(pushed(body))).status == 200
    (reject,) = bench.kit.intake.rejects.values()
    assert reject.raw == body[: 64 * 1024]
    assert "update Tingfeng" in reject.reason


async def test_what_is_no_post_is_answered_and_left(bench: Bench) -> None:
    connector = bench.connector(mode="webhook")
    bodies: list[Json] = [
        {},
        {"favorite_events": [{}]},
        {"data": {"event_type": "like.create", "payload": {"id": "1"}}},
        {"data": {"other": 1}},
        {"errors": ["x", {"detail": 7}]},
        {"delete": {"tweet": {"id": "no number"}}},
        {"tweet_delete_events": ["odd", {"status": 7}]},
    ]
    for body in bodies:
        assert (await connector.handle_http(pushed(body))).status == 200
    assert not bench.kit.intake.pages


async def test_events_of_the_activity_api_are_understood(bench: Bench) -> None:
    connector = bench.connector(mode="webhook")
    body = post(bench)
    event: Json = {
        "event_uuid": "1",
        "event_type": "post.mention.create",
        "payload": body["data"],
        "includes": body["includes"],
    }
    assert (await connector.handle_http(pushed({"data": event}))).status == 200
    data = body["data"]
    assert isinstance(data, dict)
    event = {"event_type": "post.delete", "payload": {"id": data["id"], "event_at": "later"}}
    assert (await connector.handle_http(pushed({"data": event}))).status == 200
    first, second = bench.kit.intake.events.values()
    assert first.author.name == "小王"
    assert (second.kind, second.id, second.author.id) == ("delete", first.id, "7")
    assert second.conversation == first.conversation
    assert second.posted_at >= START


def old_post(number: str, **more: object) -> Json:
    """A post in the shape of API v1.1."""
    user: Json = {"id_str": "7", "name": "小王", "screen_name": "wang", "followers_count": 3}
    base: Json = {
        "id_str": number,
        "text": "@xmart &lt;hello&gt;",
        "created_at": "Sun Mar 01 08:00:07 +0000 2026",
        "user": user,
        "entities": {"user_mentions": [{"id_str": "42", "screen_name": "xmart"}]},
    }
    return base | more


async def test_events_of_the_account_activity_api_are_understood(bench: Bench) -> None:
    connector = bench.connector(mode="webhook")
    quoted: Json = {"id_str": "900", "user": {"id_str": "42"}}
    posts: list[object] = [
        old_post("1001"),
        old_post(
            "1002",
            entities={},
            extended_tweet={"full_text": "the whole text", "entities": {"user_mentions": []}},
            in_reply_to_status_id_str="1001",
        ),
        old_post("1003", entities={}, quoted_status=quoted),
        old_post("1004", retweeted_status={"id_str": "1001"}),
        old_post("1005", user={"id_str": "42"}),
        old_post("1006", created_at="some day"),
        "odd",
    ]
    body: Json = {"for_user_id": "42", "tweet_create_events": posts}
    assert (await connector.handle_http(pushed(body))).status == 200
    events = list(bench.kit.intake.events.values())
    assert [(e.id, e.kind, e.solicited) for e in events] == [
        ("1001", "post", True),
        ("1002", "comment", False),
        ("1003", "post", True),
        ("1004", "repost", False),
    ]
    assert events[0].text == "@xmart <hello>"
    assert (events[0].author.name, events[0].author.followers) == ("小王", 3)
    assert events[0].posted_at.isoformat() == "2026-03-01T08:00:07+00:00"
    assert (events[1].text, events[1].reply_to) == ("the whole text", "1001")
    assert len(bench.kit.intake.rejects) == 2
    gone: Json = {"status": {"id": "1001", "user_id": "7"}, "timestamp_ms": "1"}
    body = {"for_user_id": "42", "tweet_delete_events": [gone]}
    assert (await connector.handle_http(pushed(body))).status == 200
    assert list(bench.kit.intake.events)[-1] == ("x", "1001", 1_000_000)


async def test_with_a_webhook_the_search_sweeps_up_what_was_not_pushed(bench: Bench) -> None:
    connector = bench.connector(mode="webhook", sweep_seconds=2)
    body = post(bench)
    async with running(connector, bench.kit.intake):
        await bench.kit.intake.until(1)
        assert (await connector.handle_http(pushed(body))).status == 200
        missed = bench.server.say("missed")
        await bench.kit.intake.until(2)
    assert bench.kit.intake.ids[-1] == missed
    assert sum(len(page.events) for page in bench.kit.intake.pages) == 2
    assert {str(rule["value"]) for rule in bench.server.rules.values()} == {"@xmart", "超市"}
    assert not bench.server.asked("stream")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {"x-twitter-webhooks-signature": "sha256=abc"}, None),
        ("POST", {"x-twitter-webhooks-signature": ""}, 403),
        ("POST", {"x-twitter-webhooks-signature": "md5=abc"}, 403),
        ("POST", {}, 403),
        ("PUT", {"x-twitter-webhooks-signature": "sha256=abc"}, 405),
        ("GET", {}, 400),
    ],
)
async def test_a_push_is_screened_by_its_head(
    bench: Bench, method: str, headers: dict[str, str], status: int | None
) -> None:
    request = PushRequest(method=method, path="/push/x", query={}, headers=headers, body=b"")
    connector = bench.connector(mode="webhook")
    assert isinstance(connector, ScreensHttp)
    refusal = connector.screen(request)
    assert (refusal and refusal.status) == status
    assert bench.connector().screen(request) == PushResponse(status=404)


async def test_a_pushed_repost_of_the_old_format_holds_the_whole_text(bench: Bench) -> None:
    whole = "带孩子去附近买早餐，打开一看全是绿毛，" * 9 + "就是人民路的禾家超市"
    link = {"url": "https://t.co/x", "expanded_url": "https://hejia.example/a"}
    status = {
        "id_str": "1002",
        "user": {"id_str": "9", "screen_name": "user9", "name": "转发的人"},
        "text": "RT @user8: 带孩子去附近买早餐…",
        "created_at": "Sun Mar 01 08:00:00 +0000 2026",
        "retweeted_status": {
            "id_str": "1001",
            "user": {"id_str": "8", "screen_name": "user8", "name": "一位家长"},
            "text": "带孩子…",
            "extended_tweet": {"full_text": whole, "entities": {"urls": [link]}},
        },
    }
    connector = bench.connector(mode="webhook")
    body = json.dumps({"tweet_create_events": [status]}).encode()
    assert (await connector.handle_http(pushed(body))).status == 200
    (event,) = bench.kit.intake.events.values()
    assert event.text == ""
    assert [(one.author, one.kind) for one in event.quoted] == [
        ("一位家长", "repost"),
        ("hejia.example", "link"),
    ]
    assert event.quoted[0].text == whole
