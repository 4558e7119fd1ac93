"""Reading Telegram through a real connection: stored before it is forgotten, whatever happens."""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.telegram import Telegram
from connectors.telegram_settings import TelegramSettings
from connectors.telegram_updates import Mark
from connectors.tools import StaffRoom
from core.abilities import Checks, HasBoard, Reaches, Tells
from core.cards import Card, Posting, StaffAction
from core.errors import ConnectorError, Refused, StoreError, Unavailable
from core.ports import Pushed, Response
from core.types import EventKind
from tests.connectors.support import START, HurriedClock, Kit, drain, running
from tests.connectors.telegram_server import (
    TOKEN,
    TelegramServer,
    Trouble,
    error,
    flood,
    telegram_server,
)

HOOK = "https://shop.example/hooks/tg"
SECRET = "s3cret_of-the-hook"


class Bench:
    """A server and connectors to it, each with the same store."""

    def __init__(self, server: TelegramServer, folder: Path) -> None:
        self.server = server
        self.kit = Kit(folder=folder, clock=HurriedClock(20))
        self.made: list[Telegram] = []

    def connector(self, **settings: object) -> Telegram:
        chosen: dict[str, object] = {"token": TOKEN, "base_url": self.server.url}
        made = Telegram(
            name="tg",
            settings=TelegramSettings.model_validate(chosen | settings),
            tools=self.kit.tools,
        )
        self.made.append(made)
        return made

    def webhook(self, **settings: object) -> Telegram:
        chosen: dict[str, object] = {
            "mode": "webhook",
            "webhook_url": HOOK,
            "webhook_secret": SECRET,
        }
        return self.connector(**chosen | settings)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with telegram_server() as server:
        made = Bench(server, tmp_path)
        yield made
        for connector in made.made:
            await connector.close()


async def fail(bench: Bench, connector: Telegram | None = None) -> ConnectorError:
    """What reading ends with."""
    with pytest.raises(ConnectorError) as caught:
        async with asyncio.timeout(5):
            await drain(connector or bench.connector(), bench.kit.shelf)
    assert TOKEN not in str(caught.value)
    return caught.value


async def test_the_offset_moves_only_after_the_page_is_stored(bench: Bench) -> None:
    for number in range(60):
        bench.server.say(f"text {number}")
    source = bench.connector().pages(None)
    page = await anext(source)
    assert len(page.events) == 60
    assert [call.fields.get("offset") for call in bench.server.asked("getUpdates")] == [None]
    assert len(bench.server.pending) == 60
    await bench.kit.shelf.accept("tg", page)
    task = asyncio.ensure_future(anext(source))
    while len(bench.server.asked("getUpdates")) < 2:
        await asyncio.sleep(0.001)
    assert bench.server.asked("getUpdates")[1].fields["offset"] == "1060"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_asks_for_the_kinds_it_understands_and_waits_long(bench: Bench) -> None:
    bench.server.say("x")
    await drain(bench.connector(poll_seconds=17), bench.kit.shelf, pages=1)
    fields = bench.server.asked("getUpdates")[0].fields
    assert fields["timeout"] == "17"
    assert json.loads(fields["allowed_updates"]) == [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "callback_query",
    ]


async def test_a_page_out_of_order_is_put_in_order(bench: Bench) -> None:
    ids = [bench.server.say(f"text {number}") for number in range(5)]
    bench.server.pending.reverse()
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    assert bench.kit.shelf.ids == ids


async def test_pages_in_the_wrong_order_lose_nothing(bench: Bench) -> None:
    late = bench.server.say("first")
    early = bench.server.say("second")
    first, second = bench.server.pending
    bench.server.deaf = True
    bench.server.pending = [second]
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(1)
        bench.server.pending = [first]
        await bench.kit.shelf.until(2)
    assert bench.kit.shelf.ids == [early, late]
    assert Mark.read(bench.kit.shelf.cursors["tg"]).offset == 1002


async def test_a_server_that_repeats_itself_is_stored_once_and_not_asked_at_full_speed(
    bench: Bench,
) -> None:
    bench.server.say("x")
    bench.server.deaf = True
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(1)
        await asyncio.sleep(0.2)
    assert len(bench.kit.shelf.events) == 1
    assert len(bench.server.asked("getUpdates")) <= 12


async def test_a_server_that_does_not_wait_is_not_asked_at_full_speed(bench: Bench) -> None:
    async with running(bench.connector(poll_seconds=0), bench.kit.shelf):
        await asyncio.sleep(0.2)
    assert 2 <= len(bench.server.asked("getUpdates")) <= 12


async def test_after_a_silent_week_telegram_counts_anew(bench: Bench) -> None:
    bench.kit.shelf.cursors["tg"] = Mark(offset=900_000_000).write(bench.kit.clock.now())
    bench.server.deaf = True
    bench.server.say("after the silence")
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(1)
    assert Mark.read(bench.kit.shelf.cursors["tg"]).offset == 1001


async def test_one_odd_update_is_kept_aside_and_the_rest_goes_on(bench: Bench) -> None:
    before = bench.server.say("before")
    bench.server.push(message={"message_id": "?"})
    bench.server.pending.append({"no": "id"})
    after = bench.server.say("after")
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(2, rejects=2)
    assert bench.kit.shelf.ids == [before, after]
    kept = {reject.id: reject for reject in bench.kit.shelf.rejects.values()}
    assert b'"message_id": "?"' in kept["update:1001"].raw
    assert "message_id" in kept["update:1001"].reason
    assert "update Tingfeng" in kept["update:1001"].reason


async def test_an_odd_part_of_a_message_does_not_cost_its_text(bench: Bench) -> None:
    bench.server.say("面包发霉了", poll={"question": "of another version"})
    bench.server.push(message=bench.server.message(poll={"question": "nothing else"}))
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(1, rejects=1)
    (event,) = bench.kit.shelf.events.values()
    assert event.text == "面包发霉了"


async def test_an_update_that_is_odd_throughout_is_kept_aside(bench: Bench) -> None:
    reaction = {"chat": {"id": 7, "type": "private"}, "message_id": 1, "date": 1772352000}
    bench.server.push(message_reaction=reaction | {"old_reaction": ["odd"], "new_reaction": []})
    bench.server.push(poll="odd")
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(0, rejects=2)


async def test_edits_are_events_of_their_own(bench: Bench) -> None:
    message = bench.server.message(text="v1")
    bench.server.push(message=message)
    bench.server.push(edited_message=message | {"text": "v2", "edit_date": 1772352100})
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(2)
    first, second = bench.kit.shelf.events.values()
    assert (first.id, first.revision) == (second.id, 0)
    assert (second.kind, second.text) == (EventKind.EDIT, "v2")


def press(chat: int = 7, data: str = "rate:5", number: int = 1) -> dict[str, object]:
    sort = "private" if chat > 0 else "supergroup"
    message = {"message_id": 5, "date": 1772352000, "chat": {"id": chat, "type": sort}}
    user = {"id": 7, "is_bot": False, "first_name": "x"}
    shown: dict[str, object] = message | {"text": "?"}
    return {
        "id": f"q{number}",
        "from": user,
        "chat_instance": "1",
        "data": data,
        "message": shown,
    }


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


@pytest.mark.parametrize(
    ("trouble", "kind", "text"),
    [
        (error(401, "Unauthorized"), Refused, "BotFather"),
        (error(404, "Not Found"), Refused, "check base_url"),
        (error(409, "Conflict: terminated by other getUpdates request"), Unavailable, "Stop the"),
        (error(409, "Conflict: can't use while webhook is active"), Refused, "deleteWebhook"),
        (error(500, "Internal Server Error"), Unavailable, "Internal"),
        (error(403, "Forbidden"), Unavailable, "Forbidden"),
        (Trouble(status=502, body="<html>"), Unavailable, "cannot be read"),
        (Trouble(body="not JSON"), Unavailable, "cannot be read"),
        (Trouble(body=b"\xff"), Unavailable, "cannot be read"),
        (Trouble(body={"ok": True, "result": {}}), Unavailable, "cannot be read"),
        (Trouble(body={"ok": True}), Unavailable, "no result"),
        (Trouble(how="cut"), Unavailable, "Disconnected"),
        (Trouble(how="act and cut"), Unavailable, "Disconnected"),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["getUpdates", "getMe"])
async def test_every_failure_to_read_has_its_meaning_and_loses_nothing(
    bench: Bench, method: str, trouble: Trouble, kind: type[ConnectorError], text: str
) -> None:
    expected = bench.server.say("x")
    bench.server.trouble(method, trouble)
    caught = await fail(bench)
    assert isinstance(caught, kind)
    assert text in str(caught)
    async with running(bench.connector(), bench.kit.shelf):
        await bench.kit.shelf.until(1)
    assert bench.kit.shelf.ids == [expected]


async def test_a_flood_while_reading_is_waited_for_as_asked(bench: Bench) -> None:
    bench.server.trouble("getUpdates", flood(17))
    caught = await fail(bench)
    assert isinstance(caught, Unavailable)
    assert caught.retry_after == 17


async def test_a_half_open_connection_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.telegram._CALL_SECONDS", 1)
    bench.server.trouble("getUpdates", Trouble(how="hang"))
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
        bench.server.trouble("getMe", Trouble(how="cut"))
    if kind == "told back":
        bench.server.token = token
        bench.server.trouble("getMe", error(401, f"/bot{token}/getMe is Unauthorized"))
    if kind == "nowhere":
        bench.server.url = "http://nowhere.invalid"
    connector = bench.connector(token=token)
    with pytest.raises(ConnectorError) as caught:
        await drain(connector, bench.kit.shelf)
    assert "VERY" not in "".join(traceback.format_exception(caught.value))
    assert "VERY" not in caplog.text
    assert "VERY" not in repr(connector)


async def test_more_than_a_day_without_contact_raises_a_gap_alert(bench: Bench) -> None:
    since = START - timedelta(hours=25)
    bench.kit.shelf.cursors["tg"] = Mark(offset=5).write(since)
    for _ in range(2):
        async with running(bench.connector(), bench.kit.shelf):
            async with asyncio.timeout(5):
                while not bench.kit.bell.alerts:
                    await asyncio.sleep(0.001)
    (alert,) = bench.kit.bell.alerts.values()
    assert (alert.kind, alert.severity) == ("gap", "P2")
    assert alert.key == f"gap:tg:{since.isoformat()}"
    assert "tg" in alert.title
    assert "2026-02-28 07:00" in alert.body
    assert "25" in alert.body


async def test_a_day_is_no_gap_and_a_first_start_is_none(bench: Bench) -> None:
    bench.kit.shelf.cursors["tg"] = Mark(offset=5).write(START - timedelta(hours=23))
    bench.server.say("x")
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    bench.kit.shelf.cursors.clear()
    bench.server.say("y")
    await drain(bench.connector(), bench.kit.shelf, pages=1)
    assert not bench.kit.bell.alerts


async def test_while_nothing_happens_the_contact_is_stored_now_and_then(bench: Bench) -> None:
    bench.kit.clock = HurriedClock(5000)
    async with running(bench.connector(poll_seconds=0), bench.kit.shelf):
        async with asyncio.timeout(5):
            while len(bench.kit.shelf.pages) < 2:
                await asyncio.sleep(0.01)
    first, second = (Mark.read(page.cursor) for page in bench.kit.shelf.pages[:2])
    assert not bench.kit.shelf.events
    assert first.contact is not None
    assert second.contact is not None
    assert second.contact - first.contact >= timedelta(minutes=10)
    assert first.offset is None


@pytest.mark.parametrize("cursor", [None, "", "x", "7 yesterday", "- 2026", "7"])
def test_any_cursor_can_be_read(cursor: str | None) -> None:
    mark = Mark.read(cursor)
    assert mark.offset == (7 if cursor and cursor.startswith("7") else None)


def test_a_mark_never_goes_back_for_a_repeated_page() -> None:
    mark = Mark(offset=1000)
    assert mark.after([]) is mark
    assert mark.after([998, 999]) == mark
    assert mark.after([1005, 1001]).offset == 1006


class Doorkeeper:
    """Behind the staff's group: notes who pressed, and fails the first time."""

    def __init__(self, failure: Exception) -> None:
        self.pressed: list[str] = []
        self._failure = failure

    async def member(self, account: str) -> str | None:
        self.pressed.append(account)
        if len(self.pressed) == 1:
            raise self._failure
        return None

    async def card(self, subject: str) -> Card | None:
        raise AssertionError(subject)

    async def act(self, subject: str, action: StaffAction, *, by: str) -> Card:
        raise AssertionError(subject, action, by)

    async def posting(self, token: str) -> Posting | None:
        return None

    async def save_posting(self, posting: Posting) -> None:
        raise AssertionError(posting)

    @property
    def room(self) -> StaffRoom:
        return StaffRoom(desk=self, postings=lambda _name: self, language="zh")


async def test_staff_talk_is_no_event_and_their_buttons_are_pressed(bench: Bench) -> None:
    door = Doorkeeper(ValueError("odd"))
    bench.kit.staff = door.room
    bench.server.say("we should answer", chat=-100)
    bench.server.push(callback_query=press(-100, "take:1"))
    bench.server.push(callback_query=press(-100, "take:2", 2))
    shopper = bench.server.say("hello")
    async with running(bench.connector(staff_chat=-100), bench.kit.shelf):
        await bench.kit.shelf.until(1)
    assert bench.kit.shelf.ids == [shopper]
    assert len(door.pressed) == 2


async def test_a_press_that_could_not_be_stored_is_pressed_again(bench: Bench) -> None:
    door = Doorkeeper(StoreError("no room"))
    bench.kit.staff = door.room
    bench.server.push(callback_query=press(-100))
    with pytest.raises(StoreError):
        await anext(bench.connector(staff_chat=-100).pages(None))
    await bench.kit.shelf.accept("tg", await anext(bench.connector(staff_chat=-100).pages(None)))
    assert len(door.pressed) == 2
    assert Mark.read(bench.kit.shelf.cursors["tg"]).offset == 1001


def test_the_group_is_there_where_it_is_set(bench: Bench) -> None:
    bench.kit.staff = Doorkeeper(ValueError()).room
    for connector in (bench.connector(), bench.connector(staff_chat=-100)):
        assert isinstance(connector, HasBoard)
    assert bench.made[0].board is None
    assert bench.made[1].board is not None
    assert bench.made[1].board.name == "telegram-tg"


async def test_without_a_desk_the_staffs_buttons_do_nothing(bench: Bench) -> None:
    bench.server.push(callback_query=press(-100))
    bench.server.say("hello")
    async with running(bench.connector(staff_chat=-100), bench.kit.shelf):
        await bench.kit.shelf.until(1)
    assert not bench.server.asked("answerCallbackQuery")


async def test_a_live_check_says_what_the_bot_may_do(bench: Bench) -> None:
    connector = bench.connector()
    assert isinstance(connector, Checks)
    assert await connector.check() == (
        "bot: @shop_bot (Shop)",
        "may join groups: yes",
        "reads all messages of its groups: no",
        "updates go to: whoever polls",
        "updates waiting: 0",
    )
    assert not bench.server.asked("getUpdates")
    with pytest.raises(Refused):
        await bench.connector(token="1:wrong").check()


async def test_it_tells_staff_how_it_is(bench: Bench) -> None:
    connector = bench.connector()
    assert isinstance(connector, Tells)
    assert isinstance(connector, Reaches)
    before = connector.last_contact
    assert connector.detail() == (("mode", "polling"), ("rate_remaining", "30 of 30"))
    await drain_once(bench, connector)
    assert (before, connector.last_contact is None) == (None, False)
    connector.rates.hold(7, "k", 1000)
    facts = dict(connector.detail())
    assert facts["bot"] == "@shop_bot"
    assert facts["last_contact"].startswith("2026-03-01T08:")
    assert float(facts["held_seconds"]) > 900
    assert float(facts["lag_seconds"]) >= 0


async def drain_once(bench: Bench, connector: Telegram) -> None:
    bench.server.say("x")
    await drain(connector, bench.kit.shelf, pages=1)


def pushed(update: object, **changes: object) -> Pushed:
    body = update if isinstance(update, bytes) else json.dumps(update).encode()
    whole: dict[str, object] = {
        "method": "POST",
        "headers": {"x-telegram-bot-api-secret-token": SECRET},
    }
    whole |= changes
    headers = whole["headers"]
    assert isinstance(headers, dict)
    return Pushed(
        method=str(whole["method"]), path="/hooks/tg", query={}, headers=headers, body=body
    )


async def test_a_pushed_update_is_stored_before_it_is_answered(bench: Bench) -> None:
    connector = bench.webhook()
    update = {"update_id": 1, "message": bench.server.message(text="hello")}
    assert await connector.handle_http(pushed(update)) == Response(status=200)
    assert bench.kit.shelf.ids == ["7:1"]
    assert await connector.handle_http(pushed(update)) == Response(status=200)
    assert len(bench.kit.shelf.events) == 1
    bench.kit.shelf.full = True
    assert (await connector.handle_http(pushed(update))).status == 503
    assert bench.kit.shelf.cursors == {}


async def test_only_telegram_may_push(bench: Bench) -> None:
    connector = bench.webhook()
    update = {"update_id": 1, "message": bench.server.message(text="hello")}
    for shown in ("", "wrong", SECRET[:-1], SECRET + "x", "é\ud800"):
        headers = {"x-telegram-bot-api-secret-token": shown}
        assert (await connector.handle_http(pushed(update, headers=headers))).status == 403
    assert (await connector.handle_http(pushed(update, headers={}))).status == 403
    assert (await connector.handle_http(pushed(update, method="GET"))).status == 405
    assert (await bench.connector().handle_http(pushed(update))).status == 404
    assert not bench.kit.shelf.events


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"[" * 100_000, b'{"a": 1}'])
async def test_a_pushed_body_that_is_no_update_is_kept_and_not_pushed_again(
    bench: Bench, body: bytes
) -> None:
    connector = bench.webhook()
    for _ in range(2):
        assert (await connector.handle_http(pushed(body))).status == 200
    (reject,) = bench.kit.shelf.rejects.values()
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
    assert connector.capabilities.push
    bench.server.webhook["pending_update_count"] = 3
    bench.kit.clock = HurriedClock(20_000)
    connector = bench.webhook()
    task = asyncio.create_task(fail(bench, connector))
    while len(bench.kit.shelf.pages) < 2:
        await asyncio.sleep(0.001)
    fields = bench.server.done("setWebhook")[0].fields
    assert (fields["url"], fields["secret_token"]) == (HOOK, SECRET)
    assert dict(connector.detail())["waiting"] == "3"
    bench.server.webhook["url"] = "https://somebody.else.example"
    caught = await task
    assert isinstance(caught, Unavailable)
    assert "Somebody changed" in str(caught)


async def test_closing_while_the_webhook_is_watched_ends_it(bench: Bench) -> None:
    connector = bench.webhook()
    async with running(connector, bench.kit.shelf) as task:
        while not bench.kit.shelf.pages:
            await asyncio.sleep(0.001)
        await connector.close()
        async with asyncio.timeout(2):
            await task


async def test_closing_while_the_webhook_is_registered_ends_it(bench: Bench) -> None:
    bench.server.trouble("setWebhook", Trouble(how="hang"))
    connector = bench.webhook()
    async with running(connector, bench.kit.shelf) as task:
        while not bench.server.asked("setWebhook"):
            await asyncio.sleep(0.001)
        await connector.close()
        async with asyncio.timeout(2):
            await task
    assert not bench.kit.shelf.pages


async def test_closed_before_it_is_read_it_asks_for_nothing(bench: Bench) -> None:
    for connector in (bench.connector(), bench.webhook()):
        await connector.close()
        await drain(connector, bench.kit.shelf)
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
