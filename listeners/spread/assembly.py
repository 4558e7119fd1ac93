"""Builds what watches for crises."""

from datetime import timedelta

from core.clock import Clock
from core.settings import Settings
from listeners.authors import AuthorsLane
from listeners.ports import Raises


def build_spread(settings: Settings, alerts: Raises, clock: Clock) -> AuthorsLane:
    """What watches for crises; it wants to be told of the past by ``rebuild``."""
    return AuthorsLane(
        alerts,
        clock=clock,
        names={brand.id: brand.name for brand in settings.brands},
        floor=settings.alerts.authors,
        window=timedelta(minutes=settings.alerts.window_minutes),
        language=settings.console.language,
    )
