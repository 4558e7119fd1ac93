"""Builds the listeners a configuration asks for."""

from dataclasses import dataclass
from datetime import timedelta

from core.clock import Clock
from core.settings import Settings
from listeners import sentiment
from listeners.authors import AuthorsLane
from listeners.judge import TextJudge
from listeners.matching import BrandMatcher
from listeners.ports import Raises


@dataclass(frozen=True, kw_only=True, slots=True)
class Understanding:
    """What turns an event into a mention."""

    matcher: BrandMatcher
    judge: TextJudge


def build_understanding(settings: Settings) -> Understanding:
    """Matcher and judge; raises ConfigError for a sentiment model that does not exist."""
    return Understanding(
        matcher=BrandMatcher(settings.brands, channel_brands={}, default=None),
        judge=TextJudge(sentiment.load(settings.sentiment)),
    )


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
