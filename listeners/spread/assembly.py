"""Builds what watches for crises."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from core.bus import Bus
from core.clock import Clock
from core.duty import Duty
from core.settings import Settings
from listeners.spread.ports import Incidents, Raises
from listeners.spread.watch import SpreadWatch


def build_spread(
    settings: Settings, alerts: Raises, clock: Clock, *, store: Incidents, bus: Bus
) -> SpreadWatch:
    """What watches for crises; it wants to be told of the past by ``rebuild``, and ``tend``-ed."""
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
    )


def spread_duties(watch: SpreadWatch) -> tuple[Duty, ...]:
    """What the watch must be asked to do now and then."""
    return (Duty(name="spread", every=timedelta(seconds=30), do=watch.tend),)
