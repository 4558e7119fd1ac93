"""Telegram: the staff group is told apart, and the connector tells how it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.context import StaffRoom
from connectors.telegram.connector import Telegram
from connectors.telegram.receive import TelegramCursor
from core.connector import ChecksCredentials, HasStaffBoard, ReportsContact, ReportsHealth
from core.errors import Refused, StoreError
from core.model.cards import Card, PostedCard, StaffAction
from tests.connectors.support import drain, running
from tests.connectors.telegram.bench import Bench, press
from tests.connectors.telegram.server import (
    telegram_server,
)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with telegram_server() as server:
        made = Bench(server, tmp_path)
        yield made
        for connector in made.made:
            await connector.close()


async def drain_once(bench: Bench, connector: Telegram) -> None:
    bench.server.say("x")
    await drain(connector, bench.kit.intake, pages=1)


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

    async def posting(self, token: str) -> PostedCard | None:
        return None

    async def save_posting(self, posting: PostedCard) -> None:
        raise AssertionError(posting)

    @property
    def group_rig(self) -> StaffRoom:
        return StaffRoom(desk=self, postings=lambda _name: self, language="zh")


async def test_staff_talk_is_no_event_and_their_buttons_are_pressed(bench: Bench) -> None:
    door = Doorkeeper(ValueError("odd"))
    bench.kit.staff = door.group_rig
    bench.server.say("we should answer", chat=-100)
    bench.server.push(callback_query=press(-100, "take:1"))
    bench.server.push(callback_query=press(-100, "take:2", 2))
    shopper = bench.server.say("hello")
    async with running(bench.connector(staff_chat=-100), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert bench.kit.intake.ids == [shopper]
    assert len(door.pressed) == 2


async def test_a_press_that_could_not_be_stored_is_pressed_again(bench: Bench) -> None:
    door = Doorkeeper(StoreError("no group_rig"))
    bench.kit.staff = door.group_rig
    bench.server.push(callback_query=press(-100))
    with pytest.raises(StoreError):
        await anext(bench.connector(staff_chat=-100).pages(None))
    await bench.kit.intake.accept("tg", await anext(bench.connector(staff_chat=-100).pages(None)))
    assert len(door.pressed) == 2
    assert TelegramCursor.decode(bench.kit.intake.cursors["tg"]).offset == 1001


def test_the_group_is_there_where_it_is_set(bench: Bench) -> None:
    bench.kit.staff = Doorkeeper(ValueError()).group_rig
    for connector in (bench.connector(), bench.connector(staff_chat=-100)):
        assert isinstance(connector, HasStaffBoard)
    assert bench.made[0].board is None
    assert bench.made[1].board is not None
    assert bench.made[1].board.name == "telegram-tg"


async def test_without_a_desk_the_staffs_buttons_do_nothing(bench: Bench) -> None:
    bench.server.push(callback_query=press(-100))
    bench.server.say("hello")
    async with running(bench.connector(staff_chat=-100), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert not bench.server.asked("answerCallbackQuery")


async def test_a_live_check_says_what_the_bot_may_do(bench: Bench) -> None:
    connector = bench.connector()
    assert isinstance(connector, ChecksCredentials)
    assert await connector.check() == (
        "bot: @shop_bot (Shop)",
        "may join groups: yes",
        "reads all messages of its groups: no",
        "updates go to: whoever polls",
        "updates waiting: 0",
        "never answered: channels the bot is in, anonymous administrators, other bots",
        'other accounts of the brand: brands.accounts = ["tg:ID"]',
        "chats that are not the brand's: foreign_chats; programs Telegram does not mark: bots",
    )
    assert not bench.server.asked("getUpdates")
    with pytest.raises(Refused):
        await bench.connector(token="1:wrong").check()


async def test_it_tells_staff_how_it_is(bench: Bench) -> None:
    connector = bench.connector()
    assert isinstance(connector, ReportsHealth)
    assert isinstance(connector, ReportsContact)
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
