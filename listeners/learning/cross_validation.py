"""Judging labelled texts by what the others taught, and how far to believe in a way to learn."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from listeners.learning.calibration import Floats, Ints

_FOLDS: Final = 5

FREEDOMS: Final = (0.7, 1.4, 2.5, 4.0)
"""How far weights may move: standard deviations of what they add to a text's log-odds."""


def crossed(texts: int, by_others: Callable[[Ints], Floats]) -> Floats:
    """One row a text, each fifth of them as the other four fifths taught.

    ``by_others`` learns from the texts at the places given, and returns a row for every text.
    """
    fold = np.random.default_rng(0).permutation(texts) % _FOLDS
    found = by_others(np.flatnonzero(fold != 0))
    for turn in range(1, _FOLDS):
        found[fold == turn] = by_others(np.flatnonzero(fold != turn))[fold == turn]
    return found


def belief(losses: Sequence[float], texts: int) -> list[float]:
    """How much to believe in each way, by how likely it makes the labels; adds up to one.

    ``losses``: mean surprise on texts that were not learned from, in nats.
    """
    found = np.array(losses)
    likely = np.exp((found.min() - found) * texts)
    return [float(share) for share in likely / likely.sum()]
