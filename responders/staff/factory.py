"""Builds what stands behind the staff's groups."""

from collections.abc import Callable, Coroutine, Iterable
from functools import cache
from typing import Protocol

from core.bus import Bus
from core.cards import StaffBoard
from core.clock import Clock
from core.settings import Settings
from responders.ports import Freezer
from responders.staff.actions import DeskStore, StoreDesk
from responders.staff.feed import Drafts, StaffFeed
from responders.staff.messages import GroupMemory
from responders.templates import shipped_catalogue


class StaffStore(DeskStore, Drafts, Protocol):
    """All that the staff's groups ask of the store."""


class StaffSide:
    """One desk for all groups, and for each group what it remembers."""

    def __init__(
        self, settings: Settings, *, store: StaffStore, pauses: Freezer, bus: Bus, clock: Clock
    ) -> None:
        """``pauses``: where automatic replies are paused."""
        texts, language = shipped_catalogue(), settings.console.language
        self.desk = StoreDesk(
            store=store,
            pauses=pauses,
            bus=bus,
            clock=clock,
            members={one.telegram: one.name for one in settings.staff if one.telegram},
            language=language,
            pause_reason=lambda tongue, subject: texts.say("pause_reason", tongue, subject=subject),
        )
        self.memory: Callable[[str], GroupMemory] = cache(lambda name: GroupMemory(store, name))
        """By the group's name."""
        self._store = store
        self._bus = bus
        self._clock = clock

    def feeds(
        self, boards: Iterable[StaffBoard]
    ) -> list[Callable[[], Coroutine[None, None, None]]]:
        """A worker for each group, to be run for ever."""
        return [
            StaffFeed(
                board,
                memory=self.memory(board.name),
                matters=self.desk,
                drafts=self._store,
                bus=self._bus,
                clock=self._clock,
            ).run
            for board in boards
        ]
