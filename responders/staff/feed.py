"""Keeps the cards of a staff group up to date, and posts new drafts there.

New alerts reach the group as any receiver, through the escalation chain; this updates the cards of
those that were posted.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from core.backoff import delay
from core.clock import Clock
from core.errors import ConnectorError, StoreError, Unavailable
from core.model.alerts import Alert
from core.model.cards import Card, PostedCard, StaffBoard, draft_card
from core.model.outbox import Reply, ReplyState
from core.repositories import Outbox
from core.runtime.bus import Bus, Change

log = logging.getLogger(__name__)

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
