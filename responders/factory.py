"""Builds the responders a configuration asks for, and the duties that a schedule repeats."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

import aiohttp

from core.bus import Bus
from core.clock import Clock
from core.events import Received
from core.settings import BrandSettings, Settings
from responders.alerting.escalation import read_chain, require_on_call
from responders.alerting.lifecycle import read_timings
from responders.alerting.manager import AlertManager, AlertPolicy
from responders.alerting.operational import read_operational_alerts
from responders.alerting.receiver import Receiver
from responders.alerting.receivers.kind import ReceiverContext
from responders.alerting.receivers.message import MessageFormat
from responders.alerting.receivers.registry import build_receivers, require_unique_names
from responders.answering.content import Content
from responders.answering.decider import PlaybookDecider, ReplyPolicy
from responders.answering.search import KnowledgeBase
from responders.answering.tokenizer import shipped_lexicon
from responders.ports import Alerts, Freezer, Retention, Tickets
from responders.templates import shipped_catalogue
from responders.tickets.undelivered import UndeliveredStore, UndeliveredTickets


class ResponderStore(UndeliveredStore, Alerts, Retention, Tickets, Protocol):
    """All that the responders ask of the store."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Responders:
    """What acts on mentions."""

    decider: PlaybookDecider
    undelivered: UndeliveredTickets
    alerts: AlertManager


def build_responders(
    settings: Settings,
    content: Content,
    *,
    store: ResponderStore,
    bus: Bus,
    clock: Clock,
    session: aiohttp.ClientSession,
    random: Callable[[], float],
    pauses: Freezer | None = None,
    drill: bool = False,
) -> Responders:
    """Wired together; ``session`` carries the webhooks and is closed by who opened it.

    ``pauses``: where a P1 pauses automatic replies. ``drill``: every alert says that it is one.
    """
    texts = shipped_catalogue()
    receiver_context = ReceiverContext(
        format=MessageFormat(
            texts=texts,
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
            answers=KnowledgeBase(content.articles, shipped_lexicon()),
            playbook=content.playbook,
            texts=texts,
            sla=settings.sla,
            clock=clock,
            policy=ReplyPolicy(
                own_authors=own_authors(settings.brands), staff_language=settings.console.language
            ),
        ),
        undelivered=UndeliveredTickets(
            store=store, brand=settings.brands[0].id, texts=texts, sla=settings.sla, clock=clock
        ),
        alerts=AlertManager(
            store=store,
            receivers=build_receivers(settings.alerts, receiver_context),
            pauses=pauses,
            policy=AlertPolicy(
                timings=read_timings(settings.alerts),
                chain=partial(read_chain, settings.alerts),
                language=settings.console.language,
                drill_mark=partial(texts.say, "drill_mark") if drill else None,
                part_of=lambda to, incident: texts.say("notice_merged", to, incident=incident),
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
    """Add receivers that the channels bring; then nothing that is named may be missing.

    Raises ConfigError for two receivers of one name, and for one on call that does not exist.
    """
    require_unique_names([*alerts.receivers, *(receiver.name for receiver in receivers)])
    alerts.add_receivers(receivers)
    require_on_call(settings.alerts, alerts.receivers)


def build_dead_letter_alert(
    settings: Settings, alerts: AlertManager, clock: Clock
) -> Callable[[Received, str], Awaitable[bool]]:
    """The pipeline's callback for an event that became a dead letter: raises an alert."""
    texts = read_operational_alerts(settings)

    async def raise_alert(item: Received, error: str) -> bool:
        return await alerts.raise_alert(texts.dead_letter(item, error, clock.now()))

    return raise_alert
