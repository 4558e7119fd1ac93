"""The sentiment models by the name they have in the configuration."""

from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

from core.errors import ConfigError, Problem
from listeners.judgement.ports import SentimentModel

MODELS: Final = {
    "linear": "listeners.judgement.sentiment.linear",
    "classic": "listeners.judgement.sentiment.classic",
}
"""Module of each model; its ``load()`` gives the model. Only the chosen one is imported."""


def load(name: str) -> SentimentModel:
    """The model called ``name``; raises ConfigError for an unknown name."""
    if name not in MODELS:
        problem = Problem(
            key="sentiment",
            message=f"there is no model {name!r}",
            remedy=f"Choose one of: {', '.join(MODELS)}.",
        )
        raise ConfigError((problem,))
    maker = cast("Callable[[], SentimentModel]", import_module(MODELS[name]).load)
    return maker()
