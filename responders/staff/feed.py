"""Keeps the cards of a staff group up to date, and posts new drafts there.

New alerts reach the group as any receiver, through the escalation chain; this updates the cards of
those that were posted. Which message shows which card, and who acted last, survives a restart, each
as one stored value.
"""

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final, Protocol

from core.backoff import delay
from core.clock import Clock
from core.errors import ConnectorError, StoreError, Unavailable
from core.model.alerts import Alert
from core.model.cards import Card, PostedCard, StaffBoard, draft_card, token_of
from core.model.outbox import Reply, ReplyState
from core.repositories import Outbox, Values
from core.runtime.bus import Bus, Change

log = logging.getLogger(__name__)

MAX_CARDS: Final = 300
"""Cards that are remembered per group; an older one is posted anew when it changes."""
_MAX_ACTORS: Final = 300
_ACTORS: Final = "staff_notes"
_MAX_SHOWN_DRAFTS: Final = 200
"""The newest drafts are shown in the group; older ones wait in the console."""
_MAX_DRAFTS: Final = 5_000
_REFRESH_SECONDS: Final = 60.0
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 300.0


class Cards(Protocol):
    """The current cards, see StaffActions."""

    async def card(self, subject: str) -> Card | None: ...


class Postings(Protocol):
    """The messages of the group, see CardMemory."""

    async def postings(self) -> Sequence[PostedCard]: ...


class StaffFeed:
    """The worker of one group."""

    def __init__(
        self,
        board: StaffBoard,
        *,
        memory: Postings,
        cards: Cards,
        drafts: Outbox,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._board = board
        self._memory = memory
        self._cards = cards
        self._drafts = drafts
        self._clock = clock
        self._changes = bus.subscribe()
        self._pending: dict[str, None] = {}
        """Subjects whose card may have changed, oldest first."""
        self._wake = asyncio.Event()
        self._failures = 0

    async def run(self) -> None:
        """Update cards until cancelled; failures of the group concern this group only."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._refresh_regularly())
                tasks.create_task(self._work())
        finally:
            self._changes.close()

    async def step(self) -> float:
        """Update one card; returns the seconds to wait before the next."""
        subject = next(iter(self._pending))
        del self._pending[subject]
        try:
            card = await self._cards.card(subject)
            if card is not None:
                await self._show(card)
        except (Unavailable, StoreError) as error:
            self._pending = {subject: None} | self._pending
            self._failures += 1
            log.warning(
                "card update delayed", extra={"group": self._board.name, "error": str(error)}
            )
            asked = error.retry_after if isinstance(error, Unavailable) else None
            return asked or delay(self._failures, first=_FIRST_WAIT, most=_LONGEST_WAIT)
        except ConnectorError as error:
            log.error("card update refused", extra=self._extra(error))
        except Exception:  # a bug about one subject must not hold up the others
            log.exception(
                "card update failed", extra={"group": self._board.name, "subject": subject}
            )
        self._failures = 0
        return 0.0

    async def refresh(self) -> None:
        """Update every draft, and every card that still has buttons.

        Not every change is published: a pause may be lifted, or a post deleted, elsewhere.
        """
        newest = (await self._drafts.drafts(limit=_MAX_DRAFTS))[-_MAX_SHOWN_DRAFTS:]
        open_cards = [one.subject for one in await self._memory.postings() if not one.over]
        self._add(*open_cards, *(draft_card(one, question="").subject for one in newest))

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            wait = await self.step() if self._pending else 0.0
            await self._clock.sleep(wait)
            if not self._pending:
                await self._wake.wait()

    async def _show(self, card: Card) -> None:
        if card.kind == "draft" and card.state in ("open", "taken"):
            await self._board.show(card)
        else:
            await self._board.update(card)

    async def _refresh_regularly(self) -> None:
        while True:
            try:
                await self.refresh()
            except StoreError as error:
                log.warning("drafts cannot be read", extra={"error": str(error)})
            await self._clock.sleep(_REFRESH_SECONDS)

    async def _listen(self) -> None:
        async for change in self._changes:
            if (subject := _subject(change)) is not None:
                self._add(subject)

    def _extra(self, error: Exception) -> dict[str, str]:
        return {"group": self._board.name, "error": str(error)}

    def _add(self, *subjects: str) -> None:
        self._pending |= dict.fromkeys(subjects)
        self._wake.set()


def _subject(change: Change) -> str | None:
    """Subject of the card that a change concerns; automatic replies have no card."""
    if isinstance(change, Alert):
        return f"alert:{change.key}"
    if isinstance(change, Reply) and (change.by != "bot" or change.state is ReplyState.DRAFT):
        return draft_card(change, question="").subject
    return None


class CardMemory:
    """The messages that show the newest cards of one group."""

    def __init__(self, values: Values, name: str) -> None:
        """``name``: of the group as a receiver of alerts."""
        self._values = values
        self._key = f"staff_group:{name}"
        self._postings: OrderedDict[str, PostedCard] | None = None

    async def posting(self, token: str) -> PostedCard | None:
        """The message that shows the card with this token."""
        return (await self._read()).get(token)

    async def postings(self) -> list[PostedCard]:
        """Every remembered message, oldest first."""
        return list((await self._read()).values())

    async def save_posting(self, posting: PostedCard) -> None:
        """Store a message in place of an earlier one for the same card. Raises StoreError."""
        changed = OrderedDict(await self._read())
        changed[posting.token] = posting
        while len(changed) > MAX_CARDS:
            changed.popitem(last=False)
        value = json.dumps([asdict(one) for one in changed.values()])
        await self._values.set(self._key, value)
        self._postings = changed

    async def _read(self) -> OrderedDict[str, PostedCard]:
        if self._postings is None:
            saved = await self._values.get(self._key) or "[]"
            try:
                postings = [PostedCard(**one) for one in json.loads(saved)]
            except (ValueError, TypeError):  # written by another version: cards are posted anew
                log.warning("stored cards of a group cannot be read", extra={"key": self._key})
                postings = []
            self._postings = OrderedDict((one.token, one) for one in postings)
        return self._postings


class ActorMemory:
    """The member of staff who acted last on each card, where the stored record has no place."""

    def __init__(self, values: Values) -> None:
        self._values = values

    async def actor(self, subject: str) -> str:
        """Name of the member of staff; empty if none acted."""
        return (await self._read()).get(token_of(subject), "")

    async def save(self, subject: str, actor: str) -> None:
        """Store who acted on a card. Raises StoreError."""
        actors = await self._read()
        actors.pop(token_of(subject), None)
        actors[token_of(subject)] = actor
        newest = dict(list(actors.items())[-_MAX_ACTORS:])
        await self._values.set(_ACTORS, json.dumps(newest, ensure_ascii=False))

    async def _read(self) -> dict[str, str]:
        saved: dict[str, str] = json.loads(await self._values.get(_ACTORS) or "{}")
        return saved
