"""Builds the responders and the services of staff groups from a configuration."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial

import aiohttp

from core.clock import Clock
from core.i18n import Catalogue
from core.model.cards import StaffBoard
from core.model.events import Received
from core.repositories import Pauses, Store
from core.runtime.bus import Bus
from core.settings import BrandSettings, Settings
from responders.alerting.delivery import Receiver
from responders.alerting.escalation import read_chain, require_on_call
from responders.alerting.lifecycle import read_timings
from responders.alerting.manager import AlertManager, AlertPolicy
from responders.alerting.receivers.kind import ReceiverContext
from responders.alerting.receivers.message import MessageFormat
from responders.alerting.receivers.registry import build_receivers, require_unique_names
from responders.answering.content import Content
from responders.answering.decider import PlaybookDecider, ReplyPolicy
from responders.answering.search import KnowledgeBase, shipped_lexicon
from responders.jobs import read_operational_alerts
from responders.staff.actions import StaffActions
from responders.staff.feed import CardMemory, StaffFeed
from responders.tickets import UndeliveredTickets


@dataclass(frozen=True, kw_only=True, slots=True)
class Responders:
    """The parts that decide, alert and hand over to people."""

    decider: PlaybookDecider
    undelivered: UndeliveredTickets
    alerts: AlertManager


def build_responders(
    settings: Settings,
    content: Content,
    *,
    catalogue: Catalogue,
    store: Store,
    bus: Bus,
    clock: Clock,
    session: aiohttp.ClientSession,
    random: Callable[[], float],
    pauses: Pauses | None = None,
    drill: bool = False,
) -> Responders:
    """Build and wire the responders.

    Args:
        settings: the whole configuration.
        content: articles and playbook.
        catalogue: texts for shoppers and staff.
        store: where they read and write.
        bus: gets each change of an alert.
        clock: the current time.
        session: for receivers of alerts; closed by the caller.
        random: draws from [0, 1), for the jitter of retries.
        pauses: where a P1 pauses automatic replies; ``None`` for nowhere.
        drill: mark every alert as an exercise.

    Raises:
        ConfigError: for a mistake in the receivers or the escalation chain.
    """
    receiver_context = ReceiverContext(
        format=MessageFormat(
            catalogue=catalogue,
            language=settings.console.language,
            resolve_after=timedelta(hours=settings.alerts.resolve_hours),
            brand_names=tuple((brand.id, brand.name) for brand in settings.brands),
        ),
        session=session,
        clock=clock,
    )
    return Responders(
        decider=PlaybookDecider(
            store=store,
            articles=KnowledgeBase(content.articles, shipped_lexicon()),
            playbook=content.playbook,
            catalogue=catalogue,
            sla=settings.sla,
            clock=clock,
            policy=ReplyPolicy(
                own_authors=own_authors(settings.brands), staff_language=settings.console.language
            ),
        ),
        undelivered=UndeliveredTickets(
            store=store,
            brand=settings.brands[0].id,
            catalogue=catalogue,
            sla=settings.sla,
            clock=clock,
        ),
        alerts=AlertManager(
            store=store.alerts,
            receivers=build_receivers(settings.alerts, receiver_context),
            pauses=pauses,
            policy=AlertPolicy(
                timings=read_timings(settings.alerts),
                chain=partial(read_chain, settings.alerts),
                language=settings.console.language,
                drill_mark=partial(catalogue.say, "staff.drill_mark") if drill else None,
                part_of=lambda to, incident: catalogue.say(
                    "staff.notice_merged", to, incident=incident
                ),
            ),
            bus=bus,
            clock=clock,
            random=random,
        ),
    )


def own_authors(brands: Iterable[BrandSettings]) -> dict[str, frozenset[str]]:
    """Ids of the brands' own accounts, by channel."""
    accounts = [one.partition(":") for brand in brands for one in brand.accounts]
    return {
        channel: frozenset(author for other, _, author in accounts if other == channel)
        for channel, _, _ in accounts
    }


def join_receivers(
    settings: Settings, alerts: AlertManager, receivers: Sequence[Receiver] = ()
) -> None:
    """Add the staff groups of channels as receivers, and check the escalation chain.

    Raises ConfigError for two receivers of one name, and for a step that names an unknown one.
    """
    require_unique_names([*alerts.receivers, *(receiver.name for receiver in receivers)])
    alerts.add_receivers(receivers)
    require_on_call(settings.alerts, alerts.receivers)


def build_dead_letter_alert(
    settings: Settings, alerts: AlertManager, clock: Clock, catalogue: Catalogue
) -> Callable[[Received, str], Awaitable[bool]]:
    """The pipeline's callback for an event that became a dead letter: raises an alert."""
    texts = read_operational_alerts(settings, catalogue)

    async def raise_alert(item: Received, error: str) -> bool:
        return await alerts.raise_alert(texts.dead_letter(item, error, clock.now()))

    return raise_alert


class StaffServices:
    """The services behind all staff groups: their actions, memories and feeds."""

    def __init__(
        self,
        settings: Settings,
        *,
        catalogue: Catalogue,
        store: Store,
        pauses: Pauses,
        bus: Bus,
        clock: Clock,
    ) -> None:
        """``pauses``: pauses of automatic replies, which staff may set and lift."""
        language = settings.console.language
        self.actions = StaffActions(
            store=store,
            pauses=pauses,
            bus=bus,
            clock=clock,
            members={one.telegram: one.name for one in settings.staff if one.telegram},
            language=language,
            pause_reason=lambda to, subject: catalogue.say(
                "staff.pause_reason", to, subject=subject
            ),
        )
        self.memory: Callable[[str], CardMemory] = cache(
            lambda name: CardMemory(store.values, name)
        )
        """The memory of the group with a name, one instance each."""
        self._store = store
        self._bus = bus
        self._clock = clock

    def feeds(
        self, boards: Iterable[StaffBoard]
    ) -> list[Callable[[], Coroutine[None, None, None]]]:
        """A worker for each group, to run until cancelled."""
        return [
            StaffFeed(
                board,
                memory=self.memory(board.name),
                cards=self.actions,
                drafts=self._store.outbox,
                bus=self._bus,
                clock=self._clock,
            ).run
            for board in boards
        ]
