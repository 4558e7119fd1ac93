"""Builds matcher, judge and embedder from a configuration."""

import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import ConfigError, Problem, collect
from core.settings import Settings
from listeners.judgement import embedding, second_opinion, topics
from listeners.judgement.adaptation import Adaptation
from listeners.judgement.adapted_topics import AdaptedTopics
from listeners.judgement.embedding import Embedder
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment import linear as sentiment_linear
from listeners.judgement.sentiment import models as sentiment
from listeners.judgement.sentiment.models import SentimentModel
from listeners.matching.matcher import BrandMatcher

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Understanding:
    """The parts that turn an event into a mention."""

    matcher: BrandMatcher
    judge: TextJudge
    embedder: Embedder | None
    """Shared by all who need embeddings; ``None`` without the extra ``semantic``."""


def build_understanding(settings: Settings, folder: Path = Path()) -> Understanding:
    """Build the parts; relative paths of the configuration start at ``folder``.

    Raises ConfigError with every mistake: malformed terms, an unknown sentiment model, an
    adaptation made for another model, a second opinion without its extra. Logs a warning once
    where the taxonomy declares labels that the topic model was not trained on.
    """
    problems: list[Problem] = []
    channel_brands = {one.name: one.brand for one in settings.channels if one.brand is not None}
    matcher = collect(
        lambda: BrandMatcher(settings.brands, channel_brands=channel_brands, default=None),
        problems,
    )
    found = collect(lambda: _model(settings, folder), problems)
    embedder = embedding.load()
    second = collect(
        lambda: second_opinion.load_second_opinion(embedder, wanted=settings.second_opinion),
        problems,
    )
    if matcher is None or found is None or problems:
        raise ConfigError(tuple(problems))
    model, adaptation = found
    _warn_of_untrained_labels()
    judge = TextJudge(
        model,
        brands_in=matcher.brands_in,
        adapted=_adapted(adaptation),
        second=second,
    )
    return Understanding(matcher=matcher, judge=judge, embedder=embedder)


def _model(settings: Settings, folder: Path) -> tuple[SentimentModel, Adaptation | None]:
    if settings.adaptation is None:
        return sentiment.load(settings.sentiment), None
    if settings.sentiment != "linear":
        problem = Problem(
            key="adaptation",
            message=f"the model {settings.sentiment!r} cannot be adapted",
            remedy='Remove the key, or choose sentiment = "linear".',
        )
        raise ConfigError((problem,))
    model = sentiment_linear.load(folder / settings.adaptation)
    return model, model.adaptation


def untrained_labels() -> tuple[str, ...]:
    """Declared categories, intents and risks, as ``KIND.NAME``, that are never predicted."""
    return topics.shipped_model().untrained


@cache
def _warn_of_untrained_labels() -> None:
    if labels := untrained_labels():
        log.warning("never predicted until trained: %s", ", ".join(labels))


def _adapted(adaptation: Adaptation | None) -> AdaptedTopics | None:
    if adaptation is None:
        return None
    return AdaptedTopics(adaptation, topics.shipped_model())
