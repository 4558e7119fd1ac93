"""The worker of a staff's group: whatever fails is tried again, and holds up nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from core.clock import ManualClock
from core.errors import Refused, StoreError, Unavailable
from core.model.alerts import Alert
from core.model.cards import Card, PostedCard, alert_card, draft_card
from core.model.outbox import Reply, ReplyState
from core.runtime.bus import Bus, ConversationUpdated
from responders.staff.feed import MAX_CARDS, CardMemory, StaffFeed
from tests.builders import START, alert
from tests.responders.builders import reply
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
    """A board, its cards and the waiting drafts in memory; raises the given errors in turn."""

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


class FeedRig:
    def __init__(self) -> None:
        self.group, self.bus, self.clock = Group(), Bus(), ManualClock(START)
        self.memory = CardMemory(self.group.saved, self.group.name)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        feed = StaffFeed(
            self.group,
            memory=self.memory,
            cards=self.group,
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
def rig() -> FeedRig:
    return FeedRig()


async def test_a_draft_is_posted_and_edited_once_it_is_settled(rig: FeedRig) -> None:
    subject = rig.group.have(draft_card(DRAFT, question="?"))
    async with rig.at_work():
        rig.bus.publish(ConversationUpdated(channel="c", conversation="c"))
        rig.bus.publish(replace(DRAFT, state=ReplyState.PENDING))
        rig.bus.publish(DRAFT)
        await rig.until(lambda: rig.group.shown)
        rig.group.have(draft_card(replace(DRAFT, state=ReplyState.CANCELLED), question="?"))
        rig.bus.publish(replace(DRAFT, state=ReplyState.CANCELLED, by="小李"))
        await rig.until(lambda: rig.group.updated)
    assert (rig.group.shown, rig.group.updated) == ([subject], [subject])


async def test_a_changed_alert_edits_its_card_and_a_deleted_one_is_ignored(rig: FeedRig) -> None:
    subject = rig.group.have(alert_card(alert(), now=START))
    async with rig.at_work():
        rig.bus.publish(alert("gone"))
        rig.bus.publish(alert())
        await rig.until(lambda: rig.group.updated)
    assert (rig.group.shown, rig.group.updated) == ([], [subject])


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
async def test_a_failed_update_is_retried_where_that_may_help(
    rig: FeedRig, failure: Exception, shown: list[str]
) -> None:
    second = replace(DRAFT, key="k2", mention=2)
    for one in (DRAFT, second):
        rig.group.have(draft_card(one, question="?"))
    async with rig.at_work():
        rig.group.troubles = [failure]
        rig.bus.publish(DRAFT)
        rig.bus.publish(second)
        await rig.until(lambda: len(rig.group.shown) == len(shown))
    assert rig.group.shown == shown


async def test_changes_that_were_not_published_are_found_by_the_refresh(rig: FeedRig) -> None:
    rig.group.troubles = [StoreError("no room")]
    subject = rig.group.have(draft_card(DRAFT, question="?"))
    over = rig.group.have(alert_card(alert("over"), now=START))
    live = rig.group.have(alert_card(alert("live"), now=START))
    for posted, is_over in ((over, True), (live, False)):
        token = rig.group.cards[posted].token
        await rig.memory.save_posting(
            PostedCard(token=token, subject=posted, chat=1, message=1, over=is_over)
        )
    rig.group.waiting = [DRAFT]
    async with rig.at_work():
        await rig.until(lambda: rig.group.shown and rig.group.updated)
    assert (rig.group.shown, rig.group.updated) == ([subject], [live])


@pytest.mark.parametrize("saved", ["", "[", "[7]", '[{"token": "t", "new": 1}]', "{}"])
async def test_unreadable_stored_cards_are_discarded(rig: FeedRig, saved: str) -> None:
    rig.group.saved.kept["staff_group:telegram-tg"] = saved
    rig.group.waiting = [DRAFT]
    subject = rig.group.have(draft_card(DRAFT, question="?"))
    async with rig.at_work():
        await rig.until(lambda: rig.group.shown)
    assert rig.group.shown == [subject]


async def test_the_newest_cards_of_a_group_survive_a_restart(rig: FeedRig) -> None:
    for number in range(MAX_CARDS + 2):
        await rig.memory.save_posting(
            PostedCard(token=f"t{number}", subject=f"alert:{number}", chat=-1, message=number)
        )
    await rig.memory.save_posting(PostedCard(token="t9", subject="alert:9", chat=-1, message=999))
    again = CardMemory(rig.group.saved, rig.group.name)
    found = await again.posting("t9")
    assert found is not None
    assert found.message == 999
    assert await again.posting("t0") is None
    assert len(await again.postings()) == MAX_CARDS
    assert await CardMemory(rig.group.saved, "telegram-other").postings() == []
