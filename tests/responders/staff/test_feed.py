"""The worker of a staff's group: whatever fails is tried again, and holds up nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from core.alerts import Alert
from core.bus import Bus, ConversationUpdated
from core.cards import Card, PostedCard, alert_card, draft_card
from core.clock import ManualClock
from core.errors import Refused, StoreError, Unavailable
from core.outbox import Reply, ReplyState
from responders.staff.feed import StaffFeed
from responders.staff.messages import MOST, GroupMemory
from tests.builders import START, alert
from tests.responders.parts import reply
from tests.stubs import MemoryValues, StubOutbox

DRAFT = replace(reply(seq=1), state=ReplyState.DRAFT)


class Drafts(StubOutbox):
    """Drafts in memory; fails as the group does."""

    def __init__(self, group: "Group") -> None:
        self._group = group

    async def drafts(self, *, limit: int = 50) -> Sequence[Reply]:
        self._group.fail()
        return self._group.waiting[:limit]


class Group:
    """A board, the matters on it and the drafts that wait, all in memory; fails as it is told."""

    name = "telegram-tg"

    def __init__(self) -> None:
        self.cards: dict[str, Card] = {}
        self.waiting: list[Reply] = []
        self.shown: list[str] = []
        self.updated: list[str] = []
        self.troubles: list[Exception] = []
        self.saved = MemoryValues()

    async def deliver(self, alert: Alert) -> None:
        raise AssertionError(alert)

    async def show(self, card: Card) -> None:
        self.fail()
        self.shown.append(card.subject)

    async def update(self, card: Card) -> None:
        self.fail()
        self.updated.append(card.subject)

    async def card(self, subject: str) -> Card | None:
        return self.cards.get(subject)

    def have(self, card: Card) -> str:
        self.cards[card.subject] = card
        return card.subject

    def fail(self) -> None:
        if self.troubles:
            raise self.troubles.pop(0)


class Room:
    def __init__(self) -> None:
        self.group, self.bus, self.clock = Group(), Bus(), ManualClock(START)
        self.memory = GroupMemory(self.group.saved, self.group.name)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        feed = StaffFeed(
            self.group,
            memory=self.memory,
            matters=self.group,
            drafts=Drafts(self.group),
            bus=self.bus,
            clock=self.clock,
        )
        task = asyncio.create_task(feed.run())
        await self.clock.advance(0)
        yield
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def until(self, condition: Callable[[], object]) -> None:
        """Let time pass, a second after the other, until it holds; fails after ten minutes."""
        for _ in range(600):
            if condition():
                return
            await self.clock.advance(1)
        raise AssertionError


@pytest.fixture
def room() -> Room:
    return Room()


async def test_a_draft_is_shown_and_a_settled_one_only_changed(room: Room) -> None:
    subject = room.group.have(draft_card(DRAFT, question="?"))
    async with room.at_work():
        room.bus.publish(ConversationUpdated(channel="c", conversation="c"))
        room.bus.publish(replace(DRAFT, state=ReplyState.PENDING))
        room.bus.publish(DRAFT)
        await room.until(lambda: room.group.shown)
        room.group.have(draft_card(replace(DRAFT, state=ReplyState.CANCELLED), question="?"))
        room.bus.publish(replace(DRAFT, state=ReplyState.CANCELLED, by="小李"))
        await room.until(lambda: room.group.updated)
    assert (room.group.shown, room.group.updated) == ([subject], [subject])


async def test_an_alert_is_changed_where_it_stands_and_what_is_gone_is_left(room: Room) -> None:
    subject = room.group.have(alert_card(alert(), now=START))
    async with room.at_work():
        room.bus.publish(alert("gone"))
        room.bus.publish(alert())
        await room.until(lambda: room.group.updated)
    assert (room.group.shown, room.group.updated) == ([], [subject])


@pytest.mark.parametrize(
    ("failure", "shown"),
    [
        (Unavailable("429", retry_after=7), ["draft:1:k", "draft:2:k2"]),
        (Unavailable("down"), ["draft:1:k", "draft:2:k2"]),
        (StoreError("no room"), ["draft:1:k", "draft:2:k2"]),
        (Refused("kicked", remedy="Add the bot."), ["draft:2:k2"]),
        (ValueError("a bug"), ["draft:2:k2"]),
    ],
    ids=repr,
)
async def test_what_fails_is_tried_again_where_that_may_help(
    room: Room, failure: Exception, shown: list[str]
) -> None:
    second = replace(DRAFT, key="k2", mention=2)
    for one in (DRAFT, second):
        room.group.have(draft_card(one, question="?"))
    async with room.at_work():
        room.group.troubles = [failure]
        room.bus.publish(DRAFT)
        room.bus.publish(second)
        await room.until(lambda: len(room.group.shown) == len(shown))
    assert room.group.shown == shown


async def test_what_nobody_told_is_found_by_looking_round(room: Room) -> None:
    room.group.troubles = [StoreError("no room")]
    subject = room.group.have(draft_card(DRAFT, question="?"))
    over = room.group.have(alert_card(alert("over"), now=START))
    live = room.group.have(alert_card(alert("live"), now=START))
    for posted, is_over in ((over, True), (live, False)):
        token = room.group.cards[posted].token
        await room.memory.save_posting(
            PostedCard(token=token, subject=posted, chat=1, message=1, over=is_over)
        )
    room.group.waiting = [DRAFT]
    async with room.at_work():
        await room.until(lambda: room.group.shown and room.group.updated)
    assert (room.group.shown, room.group.updated) == ([subject], [live])


@pytest.mark.parametrize("saved", ["", "[", "[7]", '[{"token": "t", "new": 1}]', "{}"])
async def test_what_another_version_has_written_is_forgotten(room: Room, saved: str) -> None:
    room.group.saved.kept["staff_group:telegram-tg"] = saved
    room.group.waiting = [DRAFT]
    subject = room.group.have(draft_card(DRAFT, question="?"))
    async with room.at_work():
        await room.until(lambda: room.group.shown)
    assert room.group.shown == [subject]


async def test_a_group_remembers_the_newest_cards_through_a_restart(room: Room) -> None:
    for number in range(MOST + 2):
        await room.memory.save_posting(
            PostedCard(token=f"t{number}", subject=f"alert:{number}", chat=-1, message=number)
        )
    await room.memory.save_posting(PostedCard(token="t9", subject="alert:9", chat=-1, message=999))
    again = GroupMemory(room.group.saved, room.group.name)
    found = await again.posting("t9")
    assert found is not None
    assert found.message == 999
    assert await again.posting("t0") is None
    assert len(await again.postings()) == MOST
    assert await GroupMemory(room.group.saved, "telegram-other").postings() == []
