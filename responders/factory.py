"""Builds the responders a configuration asks for, and the duties that a schedule repeats."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import aiohttp

from core.bus import Bus
from core.clock import Clock
from core.events import Received
from core.health import Health
from core.jobs import Job
from core.repositories import Pauses, Store
from core.settings import BrandSettings, Settings
from responders.alerting import jobs as duties
from responders.alerting.escalation import read_chain, require_on_call
from responders.alerting.lifecycle import read_rules
from responders.alerting.manager import AlertDesk, AlertManners
from responders.alerting.receiver import Receiver
from responders.alerting.receivers.factory import build_receivers, require_own_names
from responders.answering.content import Content
from responders.answering.decider import Manners, PlaybookDecider
from responders.answering.search import KnowledgeBase
from responders.answering.tokenizer import shipped_lexicon
from responders.templates import shipped_catalogue
from responders.tickets.undelivered import PersonDoubts


@dataclass(frozen=True, kw_only=True, slots=True)
class Responders:
    """What acts on mentions."""

    decider: PlaybookDecider
    doubts: PersonDoubts
    alerts: AlertDesk


def build_responders(
    settings: Settings,
    content: Content,
    *,
    store: Store,
    bus: Bus,
    clock: Clock,
    session: aiohttp.ClientSession,
    random: Callable[[], float],
    pauses: Pauses | None = None,
    drill: bool = False,
) -> Responders:
    """Wired together; ``session`` carries the webhooks and is closed by who opened it.

    ``pauses``: where a P1 pauses automatic replies. ``drill``: every alert says that it is one.
    """
    texts = shipped_catalogue()
    return Responders(
        decider=PlaybookDecider(
            store=store,
            answers=KnowledgeBase(content.articles, shipped_lexicon()),
            playbook=content.playbook,
            texts=texts,
            sla=settings.sla,
            clock=clock,
            manners=Manners(
                own_authors=own_authors(settings.brands), staff_language=settings.console.language
            ),
        ),
        doubts=PersonDoubts(
            store=store, brand=settings.brands[0].id, texts=texts, sla=settings.sla, clock=clock
        ),
        alerts=AlertDesk(
            store=store.alerts,
            receivers=build_receivers(settings, texts, session, clock),
            pauses=pauses,
            manners=AlertManners(
                rules=read_rules(settings.alerts),
                chain=partial(read_chain, settings.alerts),
                language=settings.console.language,
                drill_mark=partial(texts.say, "drill_mark") if drill else None,
                part_of=lambda tongue, id_: texts.say("notice_merged", tongue, incident=id_),
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
    settings: Settings, alerts: AlertDesk, receivers: Sequence[Receiver] = ()
) -> None:
    """Add receivers that the channels bring; then nothing that is named may be missing.

    Raises ConfigError for two receivers of one name, and for one on call that does not exist.
    """
    require_own_names([*alerts.receivers, *(receiver.name for receiver in receivers)])
    alerts.receive(receivers)
    require_on_call(settings.alerts, alerts.receivers)


def build_alarm(
    settings: Settings, alerts: AlertDesk, clock: Clock
) -> Callable[[Received, str], Awaitable[bool]]:
    """What the pipeline calls for an event that became a dead letter."""
    return partial(
        duties.alarm_dead_letter,
        alerts=alerts,
        texts=shipped_catalogue(),
        language=settings.console.language,
        clock=clock,
    )


def build_duties(
    settings: Settings,
    *,
    store: Store,
    alerts: AlertDesk,
    health: Callable[[], Sequence[Health]],
    clock: Clock,
) -> tuple[Job, ...]:
    """Reminders of late tickets, retention of raw events, and the alarm for silent channels."""
    texts, language, started_at = shipped_catalogue(), settings.console.language, clock.now()
    schedule, zone = settings.schedule, ZoneInfo(settings.alerts.timezone)
    return (
        Job(
            name="remind of late tickets",
            every=timedelta(minutes=schedule.reminder_minutes),
            do=lambda: duties.remind_of_late_tickets(
                store.tickets, alerts, texts=texts, language=language, clock=clock, zone=zone
            ),
        ),
        Job(
            name="forget what is old",
            every=timedelta(hours=6),
            do=lambda: duties.forget_what_is_old(store.maintenance, schedule=schedule, clock=clock),
        ),
        Job(
            name="alarm silent channels",
            every=timedelta(minutes=10),
            do=lambda: duties.alarm_silent_connectors(
                health(),
                alerts,
                started_at=started_at,
                hours=schedule.silence_hours,
                texts=texts,
                language=language,
                clock=clock,
            ),
        ),
    )
