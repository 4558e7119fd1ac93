"""Builds what stands behind the staff's groups."""

from collections.abc import Callable, Coroutine, Iterable
from functools import cache

from core.bus import Bus
from core.cards import StaffBoard
from core.clock import Clock
from core.repositories import Pauses, Store
from core.settings import Settings
from responders.staff.actions import StoreDesk
from responders.staff.feed import StaffFeed
from responders.staff.messages import GroupMemory
from responders.templates import shipped_catalogue


class StaffSide:
    """One desk for all groups, and for each group what it remembers."""

    def __init__(
        self, settings: Settings, *, store: Store, pauses: Pauses, bus: Bus, clock: Clock
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
        self.memory: Callable[[str], GroupMemory] = cache(
            lambda name: GroupMemory(store.values, name)
        )
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
                drafts=self._store.outbox,
                bus=self._bus,
                clock=self._clock,
            ).run
            for board in boards
        ]
