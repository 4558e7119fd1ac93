"""Cross-fitted quality of judgements on labelled texts, and posterior weights of alternatives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.learning.calibration import Floats, Ints

_BINS: Final = 10
_FOLDS: Final = 5

PRIOR_SCALES: Final = (0.7, 1.4, 2.5, 4.0)
"""Prior standard deviations of what changed weights add to a text's log-odds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """Measures over a set of labelled texts."""

    texts: int
    accuracy: float
    macro_f1: float
    """Mean over the classes that occur among the labels."""
    log_loss: float
    """Mean negative log-likelihood, in nats."""
    calibration_error: float
    """Expected calibration error over ten bins of confidence (Guo et al. 2017)."""

    def better_than(self, other: "Quality") -> bool:
        """True for a lower log loss without loss of accuracy or macro-F1.

        Macro-F1 may fall by the share of one text, since a smaller difference is chance.
        """
        return (
            self.log_loss < other.log_loss
            and self.accuracy >= other.accuracy
            and self.macro_f1 >= other.macro_f1 - max(0.005, 1 / self.texts)
        )


def quality(shares: NDArray[np.float64], labels: NDArray[np.int64]) -> Quality:
    """Measure probabilities of shape (texts, classes) against the right class of each text."""
    found = shares.argmax(axis=1)
    right = found == labels
    sure = shares.max(axis=1)
    place = np.minimum((sure * _BINS).astype(np.int64), _BINS - 1)
    gaps = [abs(float((sure - right)[place == bin_].sum())) for bin_ in range(_BINS)]
    each = [_f1(found, labels, value) for value in np.unique(labels).tolist()]
    surprise = -np.log(np.maximum(shares[np.arange(len(labels)), labels], 1e-12))
    return Quality(
        texts=len(labels),
        accuracy=float(right.mean()),
        macro_f1=sum(each) / len(each),
        log_loss=float(surprise.mean()),
        calibration_error=sum(gaps) / len(labels),
    )


def _f1(found: NDArray[np.int64], labels: NDArray[np.int64], value: int) -> float:
    both = int(np.sum((found == value) & (labels == value)))
    return 2 * both / int(np.sum(found == value) + np.sum(labels == value))


def cross_fitted(texts: int, by_others: Callable[[Ints], Floats]) -> Floats:
    """One row a text, each fifth computed from a fit to the other four.

    ``by_others`` fits to the texts at the given indices and returns a row for every text.
    """
    fold = np.random.default_rng(0).permutation(texts) % _FOLDS
    found = by_others(np.flatnonzero(fold != 0))
    for turn in range(1, _FOLDS):
        found[fold == turn] = by_others(np.flatnonzero(fold != turn))[fold == turn]
    return found


def posterior_weights(losses: Sequence[float], texts: int) -> list[float]:
    """Posterior weights of alternatives under a uniform prior; they sum to one.

    ``losses``: mean negative log-likelihood of the labels under each, cross-fitted, in nats.
    """
    found = np.array(losses)
    likely = np.exp((found.min() - found) * texts)
    return [float(share) for share in likely / likely.sum()]
