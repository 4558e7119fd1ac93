"""Measures of a sentiment model: accuracy, macro-F1 and expected calibration error."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def macro_f1(labels: Ints, found: Ints, classes: tuple[int, ...]) -> float:
    """The mean of the classes' F1."""
    each = []
    for value in classes:
        right = np.sum((labels == value) & (found == value))
        each.append(2 * right / max(1, np.sum(labels == value) + np.sum(found == value)))
    return float(np.mean(each))


def calibration_error(sure: Floats, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error, over bins of confidence."""
    place = np.minimum((sure * bins).astype(int), bins - 1)
    return float(
        sum(abs(sure[place == bin_].sum() - right[place == bin_].sum()) for bin_ in range(bins))
        / max(1, len(sure))
    )


def two_way(found: Floats, labels: Ints) -> tuple[float, float, float]:
    """Accuracy, macro-F1 and ECE of positive against negative, neutral rows left out."""
    chosen = labels != 1
    positive = found[chosen, 2] / (found[chosen, 0] + found[chosen, 2])
    guess = np.where(positive > 0.5, 2, 0)
    right = guess == labels[chosen]
    error = calibration_error(np.maximum(positive, 1 - positive), right)
    return float(right.mean()), macro_f1(labels[chosen], guess, (0, 2)), error


def three_way(found: Floats, labels: Ints) -> tuple[float, float, float]:
    """Accuracy, macro-F1 and ECE of the three classes."""
    guess = found.argmax(axis=1)
    right = guess == labels
    return (
        float(right.mean()),
        macro_f1(labels, guess, (0, 1, 2)),
        calibration_error(found.max(axis=1), right),
    )


def line(name: str, found: Floats, labels: Ints) -> str:
    """One line of figures, in percent."""
    text = f"{name:<14} n={len(labels):<6}"
    accuracy, f1, error = two_way(found, labels)
    text += f" two-way {100 * accuracy:5.1f} / {100 * f1:5.1f}, ECE {error:.3f}"
    if np.any(labels == 1):
        accuracy, f1, error = three_way(found, labels)
        text += f"; three-way {100 * accuracy:5.1f} / {100 * f1:5.1f}, ECE {error:.3f}"
    return text
