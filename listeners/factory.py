"""Builds the listeners a configuration asks for."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError, Problem, collect
from core.settings import Settings
from listeners.judgement import embedding, second_opinion, sentiment_linear, topics
from listeners.judgement import sentiment_factory as sentiment
from listeners.judgement.embedding import Embedder
from listeners.judgement.judge import TextJudge
from listeners.judgement.ports import SentimentModel
from listeners.judgement.sentiment_adaptation import Adaptation
from listeners.judgement.topics import TopicModel
from listeners.matching.matcher import BrandMatcher


@dataclass(frozen=True, kw_only=True, slots=True)
class Understanding:
    """What turns an event into a mention."""

    matcher: BrandMatcher
    judge: TextJudge
    embedder: Embedder | None
    """What texts mean, for whoever asks; ``None`` without the extra ``semantic``."""


def build_understanding(settings: Settings, folder: Path = Path()) -> Understanding:
    """Matcher and judge; ``folder`` is where relative paths of the configuration start.

    Raises ConfigError with every mistake: terms that cannot be read, a sentiment model that does
    not exist, an adaptation that does not fit, a second opinion without its extra.
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
        lambda: second_opinion.load(embedder, wanted=settings.second_opinion), problems
    )
    if matcher is None or found is None or problems:
        raise ConfigError(tuple(problems))
    model, adaptation = found
    judge = TextJudge(
        model,
        brands_in=matcher.brands_in,
        complaint=adaptation.complaint if adaptation else None,
        topics=_topics(adaptation),
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


def _topics(adaptation: Adaptation | None) -> TopicModel | None:
    if adaptation is None or adaptation.categories is None:
        return None
    return topics.model().regrouped(adaptation.categories)
