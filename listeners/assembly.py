"""Builds the listeners a configuration asks for."""

from dataclasses import dataclass

from core.settings import Settings
from listeners import sentiment
from listeners.judge import TextJudge
from listeners.matching import BrandMatcher


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
