"""Keeps the staff's groups up to date: drafts arrive there, and every card follows its matter.

Alerts arrive as to any receiver, by the rules of who is on call; what becomes of them anywhere is
shown here.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from core.alerts import Alert
from core.backoff import delay
from core.bus import Bus, Change
from core.cards import Card, PostedCard, StaffBoard, draft_card
from core.clock import Clock
from core.errors import ConnectorError, StoreError, Unavailable
from core.outbox import Reply, ReplyState
from core.repositories import Outbox

log = logging.getLogger(__name__)

_MOST: Final = 200
"""Drafts that are shown in the group; older ones wait in the console."""
_MOST_DRAFTS: Final = 5_000
_ROUND: Final = 60.0
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 300.0


class Matters(Protocol):
    """Where a matter is found as it is now."""

    async def card(self, subject: str) -> Card | None: ...


class Remembers(Protocol):
    """What a group has been shown."""

    async def postings(self) -> Sequence[PostedCard]: ...


class StaffFeed:
    """One group's worker."""

    def __init__(
        self,
        board: StaffBoard,
        *,
        memory: Remembers,
        matters: Matters,
        drafts: Outbox,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._board = board
        self._memory = memory
        self._matters = matters
        self._drafts = drafts
        self._clock = clock
        self._heard = bus.subscribe()
        self._waiting: dict[str, None] = {}
        """Subjects that may look different now, oldest first."""
        self._wake = asyncio.Event()
        self._failures = 0

    async def run(self) -> None:
        """Follow for ever; what goes wrong with the group is the group's alone."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._look_round())
                tasks.create_task(self._work())
        finally:
            self._heard.close()

    async def step(self) -> float:
        """Show one matter as it is now; returns for how many seconds to leave the group alone."""
        subject = next(iter(self._waiting))
        del self._waiting[subject]
        try:
            card = await self._matters.card(subject)
            if card is not None:
                await self._show(card)
        except (Unavailable, StoreError) as error:
            self._waiting = {subject: None} | self._waiting
            self._failures += 1
            log.warning("a card is late", extra={"group": self._board.name, "error": str(error)})
            asked = error.retry_after if isinstance(error, Unavailable) else None
            return asked or delay(self._failures, first=_FIRST_WAIT, most=_LONGEST_WAIT)
        except ConnectorError as error:
            log.error("no card", extra={"group": self._board.name, "error": str(error)})
        except Exception:  # one odd matter must not hold up the others
            log.exception("no card", extra={"group": self._board.name, "subject": subject})
        self._failures = 0
        return 0.0

    async def look_round(self) -> None:
        """Have every draft, and every card with something to press, shown as it is now.

        Not all that happens is told: a freeze may be lifted or a post deleted elsewhere.
        """
        newest = (await self._drafts.drafts(limit=_MOST_DRAFTS))[-_MOST:]
        shown = [one.subject for one in await self._memory.postings() if not one.over]
        self._add(*shown, *(draft_card(one, question="").subject for one in newest))

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            wait = await self.step() if self._waiting else 0.0
            await self._clock.sleep(wait)
            if not self._waiting:
                await self._wake.wait()

    async def _show(self, card: Card) -> None:
        if card.kind == "draft" and card.state in ("open", "taken"):
            await self._board.show(card)
        else:
            await self._board.update(card)

    async def _look_round(self) -> None:
        while True:
            try:
                await self.look_round()
            except StoreError as error:
                log.warning("drafts cannot be read", extra={"error": str(error)})
            await self._clock.sleep(_ROUND)

    async def _listen(self) -> None:
        async for change in self._heard:
            if (subject := _subject(change)) is not None:
                self._add(subject)

    def _add(self, *subjects: str) -> None:
        self._waiting |= dict.fromkeys(subjects)
        self._wake.set()


def _subject(change: Change) -> str | None:
    """What a change is about, if a card can show it; the machine's own replies have none."""
    if isinstance(change, Alert):
        return f"alert:{change.key}"
    if isinstance(change, Reply) and (change.by != "bot" or change.state is ReplyState.DRAFT):
        return draft_card(change, question="").subject
    return None
