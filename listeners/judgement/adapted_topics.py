"""The topic model with what a brand's own labels taught it.

The changes are added to a text's last scores, whichever stage gave them. So the second stage reads
the first scores as it was trained on them, and reduces nothing of what the labels taught.
Calibration comes last, as it was learned.
"""

import math

import numpy as np

from listeners.judgement.adaptation import Adaptation
from listeners.judgement.topic_features import CELL_BITS, TopicFeatures
from listeners.judgement.topics import Scores, TopicModel, TopicProbabilities
from listeners.judgement.weight_shift import sentiment_odds


class AdaptedTopics:
    """Changes the last scores of texts; safe to share between threads."""

    def __init__(self, adaptation: Adaptation, model: TopicModel) -> None:
        """``adaptation``: made for ``model``."""
        self._model = model
        self._tone, self._scaling = adaptation.tone, adaptation.complaint
        (self._complaint,) = model.places(model.group("complaint"))
        self._sentiments = model.places(model.group("sentiment"))
        shifts = adaptation.shifts
        self._columns = model.places([label for shift in shifts for label in shift.labels])
        self._bias = np.array([one for shift in shifts for one in shift.bias], np.float32)
        self._odds = np.hstack([np.zeros((3, 0)), *(shift.odds for shift in shifts)]).astype("f4")
        self._table = np.zeros((1 << CELL_BITS, len(self._columns)), np.float32)
        first = 0
        for shift in shifts:
            last = first + len(shift.labels)
            moves = np.array(shift.moves, np.float32).reshape(-1, len(shift.labels))
            self._table[list(shift.cells), first:last] = moves * np.array(shift.units, np.float32)
            first = last

    def probabilities(self, scores: Scores, features: TopicFeatures) -> TopicProbabilities:
        """The probabilities of all labels, from the last scores of a text."""
        return self._model.probabilities(self.scores(scores, features))

    def scores(self, scores: Scores, features: TopicFeatures) -> Scores:
        """The changed scores; the given ones stay as they are."""
        cells, found = features.cells, scores.copy()
        found[self._columns] += (
            self._table.take(cells, axis=0).sum(axis=0) / math.sqrt(len(cells))
            + sentiment_odds(features) @ self._odds
            + self._bias
        )
        if self._tone is not None:
            found[self._sentiments] = self._tone.applied(found[self._sentiments].astype(np.float64))
        if self._scaling is not None:
            by = self._scaling
            found[self._complaint] = by.slope * found[self._complaint] + by.offset
        return found
