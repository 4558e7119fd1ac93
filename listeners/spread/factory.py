"""Builds what watches for crises."""

import logging
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.bus import Bus
from core.clock import Clock
from core.jobs import Job
from core.settings import Settings
from listeners.judgement.embedding import Embedder
from listeners.spread.ports import Raises, SpreadStore
from listeners.spread.watch import SpreadWatch

log = logging.getLogger(__name__)


def build_spread(
    settings: Settings,
    alerts: Raises,
    clock: Clock,
    embedder: Embedder | None = None,
    *,
    store: SpreadStore,
    bus: Bus,
) -> SpreadWatch:
    """What watches for crises; it wants to be told of the past by ``rebuild``, and ``tend``-ed.

    ``embedder``: what texts mean; without it they are grouped by their words alone.
    """
    log.info("matters are grouped", extra={"by": "words and meaning" if embedder else "words"})
    return SpreadWatch(
        alerts,
        store=store,
        clock=clock,
        names={brand.id: brand.name for brand in settings.brands},
        terms={brand.id: brand.terms for brand in settings.brands},
        authors=settings.alerts.authors,
        quiet=timedelta(hours=settings.alerts.resolve_hours),
        language=settings.console.language,
        zone=ZoneInfo(settings.alerts.timezone),
        changed=bus.publish,
        embedder=embedder,
    )


def spread_duties(watch: SpreadWatch) -> tuple[Job, ...]:
    """What the watch must be asked to do now and then."""
    return (Job(name="spread", every=timedelta(seconds=30), do=watch.tend),)
