"""Changes to the weights of the topic model, learned from a brand's own labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from listeners.judgement.topic_features import TopicFeatures
from listeners.judgement.topics import SENTIMENTS


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightShift:
    """Changes for one group of labels: sentiment, complaint, the categories or the intents."""

    labels: tuple[str, ...]
    """Names of the topic model's columns."""
    units: tuple[float, ...]
    """Value of a move of one, by label."""
    cells: tuple[int, ...]
    """Rows of the topic model's table."""
    moves: tuple[tuple[int, ...], ...]
    """Change in units, by cell and then by label."""
    odds: tuple[tuple[float, ...], ...]
    """Change of the weights of the first model's sentiment (``sentiment_odds``), by label."""
    bias: tuple[float, ...]
    """Added to the score of each label."""


def sentiment_odds(features: TopicFeatures) -> NDArray[np.float32]:
    """Log-odds of the first model's negative, neutral and positive."""
    return features.dense[-len(SENTIMENTS) :]
