"""Telegram fails, falls silent and forgets: every failure has its meaning, and nothing is lost."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.telegram.receive import TelegramCursor
from core.connector import RetryAt
from core.errors import ConnectorError, Refused, Unavailable
from core.model.outbox import Target
from tests.connectors.support import START, FastForwardClock, drain, running
from tests.connectors.telegram.bench import Bench, fail
from tests.connectors.telegram.server import (
    TelegramTrouble,
    error,
    flood,
    telegram_server,
)
from tests.driven_clock import WATCHDOG_SECONDS


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with telegram_server() as server:
        made = Bench(server, tmp_path)
        yield made
        for connector in made.made:
            await connector.close()


@pytest.mark.parametrize(
    ("trouble", "kind", "text"),
    [
        (error(401, "Unauthorized"), Refused, "BotFather"),
        (error(404, "Not Found"), Refused, "check base_url"),
        (error(409, "Conflict: terminated by other getUpdates request"), Unavailable, "Stop it"),
        (error(409, "Conflict: can't use while webhook is active"), Refused, "deleteWebhook"),
        (error(500, "Internal Server Error"), Unavailable, "Internal"),
        (error(403, "Forbidden"), Unavailable, "Forbidden"),
        (TelegramTrouble(status=502, body="<html>"), Unavailable, "cannot be read"),
        (TelegramTrouble(body="not JSON"), Unavailable, "cannot be read"),
        (TelegramTrouble(body=b"\xff"), Unavailable, "cannot be read"),
        (TelegramTrouble(body={"ok": True, "result": {}}), Unavailable, "cannot be read"),
        (TelegramTrouble(body={"ok": True}), Unavailable, "no result"),
        (TelegramTrouble(how="cut"), Unavailable, "Disconnected"),
        (TelegramTrouble(how="act and cut"), Unavailable, "Disconnected"),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["getUpdates", "getMe"])
async def test_every_failure_to_read_has_its_meaning_and_loses_nothing(
    bench: Bench, method: str, trouble: TelegramTrouble, kind: type[ConnectorError], text: str
) -> None:
    expected = bench.server.say("x")
    bench.server.trouble(method, trouble)
    caught = await fail(bench)
    assert isinstance(caught, kind)
    assert text in str(caught)
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert bench.kit.intake.ids == [expected]


async def test_a_flood_while_reading_is_waited_for_as_asked(bench: Bench) -> None:
    bench.server.trouble("getUpdates", flood(17))
    caught = await fail(bench)
    assert isinstance(caught, Unavailable)
    assert caught.retry_after == 17


async def test_a_half_open_connection_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.telegram.connector._CALL_SECONDS", 1)
    bench.server.trouble("getUpdates", TelegramTrouble(how="hang"))
    caught = await fail(bench, bench.connector(poll_seconds=0))
    assert isinstance(caught, Unavailable)
    assert "timeout" in str(caught).lower()


async def test_a_dead_server_is_unavailable(bench: Bench) -> None:
    bench.server.url = "http://127.0.0.1:1"
    assert isinstance(await fail(bench), Unavailable)


@pytest.mark.parametrize("kind", ["wrong token", "reset", "nowhere", "told back"])
async def test_the_token_is_in_no_log_and_no_error(
    bench: Bench, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = "77:VERY-secret_token"
    if kind == "reset":
        bench.server.trouble("getMe", TelegramTrouble(how="cut"))
    if kind == "told back":
        bench.server.token = token
        bench.server.trouble("getMe", error(401, f"/bot{token}/getMe is Unauthorized"))
    if kind == "nowhere":
        bench.server.url = "http://nowhere.invalid"
    connector = bench.connector(token=token)
    with pytest.raises(ConnectorError) as caught:
        await drain(connector, bench.kit.intake)
    assert "VERY" not in "".join(traceback.format_exception(caught.value))
    assert "VERY" not in caplog.text
    assert "VERY" not in repr(connector)


async def test_more_than_a_day_without_contact_raises_a_gap_alert(bench: Bench) -> None:
    since = START - timedelta(hours=25)
    bench.kit.intake.cursors["tg"] = TelegramCursor(offset=5).encode(since)
    for _ in range(2):
        async with running(bench.connector(), bench.kit.intake):
            async with asyncio.timeout(WATCHDOG_SECONDS):
                while not bench.kit.alarm.alerts:
                    await asyncio.sleep(0.001)
    (alert,) = bench.kit.alarm.alerts.values()
    assert (alert.kind, alert.severity) == ("gap", "P2")
    assert alert.key == f"gap:tg:{since.isoformat()}"
    assert "tg" in alert.title
    assert "2026-02-28 07:00" in alert.body
    assert "25" in alert.body


async def test_a_day_is_no_gap_and_a_first_start_is_none(bench: Bench) -> None:
    bench.kit.intake.cursors["tg"] = TelegramCursor(offset=5).encode(START - timedelta(hours=23))
    bench.server.say("x")
    await drain(bench.connector(), bench.kit.intake, pages=1)
    bench.kit.intake.cursors.clear()
    bench.server.say("y")
    await drain(bench.connector(), bench.kit.intake, pages=1)
    assert not bench.kit.alarm.alerts


async def test_while_nothing_happens_the_contact_is_stored_now_and_then(bench: Bench) -> None:
    bench.kit.clock = FastForwardClock(5000)
    async with running(bench.connector(poll_seconds=0), bench.kit.intake):
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while len(bench.kit.intake.pages) < 2:
                await asyncio.sleep(0.01)
    first, second = (TelegramCursor.decode(page.cursor) for page in bench.kit.intake.pages[:2])
    assert not bench.kit.intake.events
    assert first.contact is not None
    assert second.contact is not None
    assert second.contact - first.contact >= timedelta(minutes=10)
    assert first.offset is None


@pytest.mark.parametrize("cursor", [None, "", "x", "7 yesterday", "- 2026", "7"])
def test_any_cursor_can_be_read(cursor: str | None) -> None:
    mark = TelegramCursor.decode(cursor)
    assert mark.offset == (7 if cursor and cursor.startswith("7") else None)


def test_a_mark_never_goes_back_for_a_repeated_page() -> None:
    mark = TelegramCursor(offset=1000)
    assert mark.after([]) is mark
    assert mark.after([998, 999]) == mark
    assert mark.after([1005, 1001]).offset == 1006


@pytest.mark.parametrize(("seconds", "alerts"), [(30, 0), (3599, 0), (3600, 1), (40_000, 1)])
async def test_a_pause_of_hours_in_reading_alerts_staff(
    bench: Bench, seconds: int, alerts: int
) -> None:
    bench.server.trouble("getUpdates", flood(seconds))
    assert isinstance(await fail(bench), Unavailable)
    assert [alert.kind for alert in bench.kit.alarm.alerts.values()] == ["channel"] * alerts


@pytest.mark.parametrize(("seconds", "alerts"), [(30, 0), (40_000, 1)])
async def test_a_pause_of_hours_for_replies_alerts_staff_once(
    bench: Bench, seconds: int, alerts: int
) -> None:
    connector = bench.connector()
    bench.server.trouble("sendMessage", *[flood(seconds)] * 3)
    for key in ("k1", "k1", "k2"):
        target = Target(channel="tg", conversation="7")
        assert isinstance(await connector.send(target, "answer", key), RetryAt)
    assert [alert.kind for alert in bench.kit.alarm.alerts.values()] == ["channel"] * alerts
