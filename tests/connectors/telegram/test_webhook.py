"""Updates that Telegram pushes: stored before they are answered."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.telegram.settings import TelegramSettings
from core.connector import PushRequest, PushResponse, ScreensHttp
from core.errors import Unavailable
from tests.connectors.support import FastForwardClock, drain, running
from tests.connectors.telegram.bench import HOOK, SECRET, Bench, fail, press
from tests.connectors.telegram.server import (
    TOKEN,
    TelegramTrouble,
    error,
    telegram_server,
)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with telegram_server() as server:
        made = Bench(server, tmp_path)
        yield made
        for connector in made.made:
            await connector.close()


def pushed(update: object, **changes: object) -> PushRequest:
    body = update if isinstance(update, bytes) else json.dumps(update).encode()
    whole: dict[str, object] = {
        "method": "POST",
        "headers": {"x-telegram-bot-api-secret-token": SECRET},
    }
    whole |= changes
    headers = whole["headers"]
    assert isinstance(headers, dict)
    return PushRequest(
        method=str(whole["method"]), path="/hooks/tg", query={}, headers=headers, body=body
    )


async def test_a_pushed_update_is_stored_before_it_is_answered(bench: Bench) -> None:
    connector = bench.webhook()
    update = {"update_id": 1, "message": bench.server.message(text="hello")}
    assert await connector.handle_http(pushed(update)) == PushResponse(status=200)
    assert bench.kit.intake.ids == ["7:1"]
    assert await connector.handle_http(pushed(update)) == PushResponse(status=200)
    assert len(bench.kit.intake.events) == 1
    bench.kit.intake.full = True
    assert (await connector.handle_http(pushed(update))).status == 503
    assert bench.kit.intake.cursors == {}


async def test_only_telegram_may_push(bench: Bench) -> None:
    connector = bench.webhook()
    update = {"update_id": 1, "message": bench.server.message(text="hello")}
    for shown in ("", "wrong", SECRET[:-1], SECRET + "x", "é\ud800"):
        headers = {"x-telegram-bot-api-secret-token": shown}
        assert (await connector.handle_http(pushed(update, headers=headers))).status == 403
    assert (await connector.handle_http(pushed(update, headers={}))).status == 403
    assert (await connector.handle_http(pushed(update, method="GET"))).status == 405
    assert (await bench.connector().handle_http(pushed(update))).status == 404
    assert not bench.kit.intake.events


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"[" * 100_000, b'{"a": 1}'])
async def test_a_pushed_body_that_is_no_update_is_kept_and_not_pushed_again(
    bench: Bench, body: bytes
) -> None:
    connector = bench.webhook()
    for _ in range(2):
        assert (await connector.handle_http(pushed(body))).status == 200
    (reject,) = bench.kit.intake.rejects.values()
    assert json.loads(reject.raw) == {"a": 1} if body == b'{"a": 1}' else reject.raw[:5] == body[:5]


async def test_a_pushed_update_while_telegram_is_down_is_pushed_again(bench: Bench) -> None:
    connector = bench.webhook()
    update = {"update_id": 1, "message": bench.server.message(text="hello")}
    bench.server.trouble("getMe", error(500, "x"))
    assert (await connector.handle_http(pushed(update))).status == 503
    assert (await connector.handle_http(pushed(update))).status == 200


async def test_a_pushed_button_is_confirmed_in_the_answer(bench: Bench) -> None:
    response = await bench.webhook().handle_http(
        pushed({"update_id": 1, "callback_query": press()})
    )
    assert json.loads(response.body) == {
        "method": "answerCallbackQuery",
        "callback_query_id": "q1",
    }
    assert response.content_type.startswith("application/json")


async def test_the_webhook_is_registered_and_watched(bench: Bench) -> None:
    connector = bench.webhook()
    bench.server.webhook["pending_update_count"] = 3
    bench.kit.clock = FastForwardClock(20_000)
    connector = bench.webhook()
    task = asyncio.create_task(fail(bench, connector))
    while len(bench.kit.intake.pages) < 2:
        await asyncio.sleep(0.001)
    fields = bench.server.done("setWebhook")[0].fields
    assert (fields["url"], fields["secret_token"]) == (HOOK, SECRET)
    assert dict(connector.detail())["waiting"] == "3"
    bench.server.webhook["url"] = "https://somebody.else.example"
    caught = await task
    assert isinstance(caught, Unavailable)
    assert "changed by another program" in str(caught)


async def test_closing_while_the_webhook_is_watched_ends_it(bench: Bench) -> None:
    connector = bench.webhook()
    async with running(connector, bench.kit.intake) as task:
        while not bench.kit.intake.pages:
            await asyncio.sleep(0.001)
        await connector.close()
        async with asyncio.timeout(20):
            await task


async def test_closing_while_the_webhook_is_registered_ends_it(bench: Bench) -> None:
    bench.server.trouble("setWebhook", TelegramTrouble(how="hang"))
    connector = bench.webhook()
    async with running(connector, bench.kit.intake) as task:
        while not bench.server.asked("setWebhook"):
            await asyncio.sleep(0.001)
        await connector.close()
        async with asyncio.timeout(20):
            await task
    assert not bench.kit.intake.pages


async def test_closed_before_it_is_read_it_asks_for_nothing(bench: Bench) -> None:
    for connector in (bench.connector(), bench.webhook()):
        await connector.close()
        await drain(connector, bench.kit.intake)
    assert not bench.server.calls


@pytest.mark.parametrize(
    "settings",
    [
        {"token": "none"},
        {"token": "1:é"},
        {"token": "1:a b"},
        {"mode": "webhook"},
        {"mode": "webhook", "webhook_url": HOOK},
        {"mode": "webhook", "webhook_url": "http://plain.example", "webhook_secret": "x"},
        {"mode": "webhook", "webhook_url": HOOK, "webhook_secret": "with space"},
        {"base_url": "ftp://x"},
        {"base_url": "https://x/{token}"},
        {"poll_seconds": 99},
        {"colour": "red"},
    ],
)
def test_wrong_settings_are_found_before_the_start(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"validation error") as caught:
        TelegramSettings.model_validate({"token": TOKEN} | settings)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {"x-telegram-bot-api-secret-token": SECRET}, None),
        ("POST", {"x-telegram-bot-api-secret-token": "wrong"}, 403),
        ("POST", {"x-telegram-bot-api-secret-token": SECRET[:-1]}, 403),
        ("POST", {"x-telegram-bot-api-secret-token": "\u5bc6"}, 403),
        ("POST", {}, 403),
        ("GET", {"x-telegram-bot-api-secret-token": SECRET}, 405),
    ],
)
async def test_a_push_is_screened_by_its_head(
    bench: Bench, method: str, headers: dict[str, str], status: int | None
) -> None:
    request = PushRequest(method=method, path="/push/tg", query={}, headers=headers, body=b"")
    connector = bench.webhook()
    assert isinstance(connector, ScreensHttp)
    refusal = connector.screen(request)
    assert (refusal and refusal.status) == status
    assert bench.connector().screen(request) == PushResponse(status=404)
