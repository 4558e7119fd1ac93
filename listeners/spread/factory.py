"""Builds the watch over spread from the configuration."""

import logging
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.i18n import Catalogue
from core.ports import AlertRaiser
from core.runtime.bus import Bus
from core.runtime.jobs import Job
from core.settings import Settings
from listeners.judgement.embedding import Embedder
from listeners.spread.harm.claims import ClaimReader
from listeners.spread.ports import SpreadStore
from listeners.spread.watch import SpreadWatch

log = logging.getLogger(__name__)


def build_spread(
    settings: Settings,
    alerts: AlertRaiser,
    clock: Clock,
    embedder: Embedder | None = None,
    *,
    catalogue: Catalogue,
    store: SpreadStore,
    bus: Bus,
) -> SpreadWatch:
    """The watch as configured; the caller restores its state with ``rebuild``.

    Without an ``embedder`` incidents are distinguished by words alone. Every stored incident is
    published on ``bus``.
    """
    log.info("incidents are merged", extra={"by": "words and meaning" if embedder else "words"})
    return SpreadWatch(
        alerts,
        store=store,
        clock=clock,
        catalogue=catalogue,
        names={brand.id: brand.name for brand in settings.brands},
        terms={brand.id: brand.terms for brand in settings.brands},
        authors=settings.alerts.authors,
        quiet=timedelta(hours=settings.alerts.resolve_hours),
        language=settings.console.language,
        zone=ZoneInfo(settings.alerts.timezone),
        changed=bus.publish,
        embedder=embedder,
        claims=ClaimReader(),
    )


def spread_jobs(watch: SpreadWatch) -> tuple[Job, ...]:
    """The periodic jobs of the watch."""
    return (Job(name="spread", every=timedelta(seconds=30), do=watch.tend),)
