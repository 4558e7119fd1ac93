"""Reading Telegram through a real connection: stored before it is forgotten, whatever happens."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.telegram.receive import TelegramCursor
from core.model.events import EventKind
from tests.connectors.support import drain, running
from tests.connectors.telegram.bench import Bench, press
from tests.connectors.telegram.server import (
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


async def test_the_offset_moves_only_after_the_page_is_stored(bench: Bench) -> None:
    for number in range(60):
        bench.server.say(f"text {number}")
    source = bench.connector().pages(None)
    page = await anext(source)
    assert len(page.events) == 60
    assert [call.fields.get("offset") for call in bench.server.asked("getUpdates")] == [None]
    assert len(bench.server.pending) == 60
    await bench.kit.intake.accept("tg", page)
    task = asyncio.ensure_future(anext(source))
    while len(bench.server.asked("getUpdates")) < 2:
        await asyncio.sleep(0.001)
    assert bench.server.asked("getUpdates")[1].fields["offset"] == "1060"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_asks_for_the_kinds_it_understands_and_waits_long(bench: Bench) -> None:
    bench.server.say("x")
    await drain(bench.connector(poll_seconds=17), bench.kit.intake, pages=1)
    fields = bench.server.asked("getUpdates")[0].fields
    assert fields["timeout"] == "17"
    assert json.loads(fields["allowed_updates"]) == [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "callback_query",
        "my_chat_member",
    ]


async def test_a_page_out_of_order_is_put_in_order(bench: Bench) -> None:
    ids = [bench.server.say(f"text {number}") for number in range(5)]
    bench.server.pending.reverse()
    await drain(bench.connector(), bench.kit.intake, pages=1)
    assert bench.kit.intake.ids == ids


async def test_pages_in_the_wrong_order_lose_nothing(bench: Bench) -> None:
    late = bench.server.say("first")
    early = bench.server.say("second")
    first, second = bench.server.pending
    bench.server.deaf = True
    bench.server.pending = [second]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1)
        bench.server.pending = [first]
        await bench.kit.intake.until(2)
    assert bench.kit.intake.ids == [early, late]
    assert TelegramCursor.decode(bench.kit.intake.cursors["tg"]).offset == 1002


async def test_a_server_that_repeats_itself_is_stored_once_and_not_asked_at_full_speed(
    bench: Bench,
) -> None:
    bench.server.say("x")
    bench.server.deaf = True
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1)
        await asyncio.sleep(0.2)
    assert len(bench.kit.intake.events) == 1
    assert len(bench.server.asked("getUpdates")) <= 12


async def test_a_server_that_does_not_wait_is_not_asked_at_full_speed(bench: Bench) -> None:
    async with running(bench.connector(poll_seconds=0), bench.kit.intake):
        await asyncio.sleep(0.2)
    assert 2 <= len(bench.server.asked("getUpdates")) <= 12


async def test_after_a_silent_week_telegram_counts_anew(bench: Bench) -> None:
    bench.kit.intake.cursors["tg"] = TelegramCursor(offset=900_000_000).encode(
        bench.kit.clock.now()
    )
    bench.server.deaf = True
    bench.server.say("after the silence")
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert TelegramCursor.decode(bench.kit.intake.cursors["tg"]).offset == 1001


async def test_one_odd_update_is_kept_aside_and_the_rest_goes_on(bench: Bench) -> None:
    before = bench.server.say("before")
    bench.server.push(message={"message_id": "?"})
    bench.server.pending.append({"no": "id"})
    after = bench.server.say("after")
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(2, rejects=2)
    assert bench.kit.intake.ids == [before, after]
    kept = {reject.id: reject for reject in bench.kit.intake.rejects.values()}
    assert b'"message_id": "?"' in kept["update:1001"].raw
    assert "message_id" in kept["update:1001"].reason
    assert "update Tingfeng" in kept["update:1001"].reason


async def test_an_odd_part_of_a_message_does_not_cost_its_text(bench: Bench) -> None:
    bench.server.say("面包发霉了", poll={"question": "of another version"})
    bench.server.push(message=bench.server.message(poll={"question": "nothing else"}))
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1, rejects=1)
    (event,) = bench.kit.intake.events.values()
    assert event.text == "面包发霉了"


async def test_an_update_that_is_odd_throughout_is_kept_aside(bench: Bench) -> None:
    reaction = {"chat": {"id": 7, "type": "private"}, "message_id": 1, "date": 1772352000}
    bench.server.push(message_reaction=reaction | {"old_reaction": ["odd"], "new_reaction": []})
    bench.server.push(poll="odd")
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(0, rejects=2)


async def test_edits_are_events_of_their_own(bench: Bench) -> None:
    message = bench.server.message(text="v1")
    bench.server.push(message=message)
    bench.server.push(edited_message=message | {"text": "v2", "edit_date": 1772352100})
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(2)
    first, second = bench.kit.intake.events.values()
    assert (first.id, first.revision) == (second.id, 0)
    assert (second.kind, second.text) == (EventKind.EDIT, "v2")


async def test_a_pressed_button_is_confirmed_once_it_is_stored(bench: Bench) -> None:
    bench.server.push(callback_query=press())
    source = bench.connector().pages(None)
    page = await anext(source)
    assert page.events[0].text == "rate:5"
    assert not bench.server.asked("answerCallbackQuery")
    bench.server.trouble("answerCallbackQuery", error(400, "query is too old"))
    bench.server.push(callback_query=press(number=2))
    await anext(source)
    bench.server.say("more")
    await anext(source)
    asked = bench.server.asked("answerCallbackQuery")
    assert [call.fields["callback_query_id"] for call in asked] == ["q1", "q2"]
