"""Boosted oblivious trees as plain arrays: small on disk, microseconds to evaluate, NumPy alone.

An oblivious tree asks the same question of every node of a level (Kohavi 1994; as in CatBoost), so
that the answers read as bits are the number of the leaf. An unknown feature (NaN) answers no.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Forest:
    """The sum of many trees of one depth."""

    base: float
    features: NDArray[np.int16]
    """(trees, depth): the feature that each level asks about."""
    thresholds: NDArray[np.float32]
    """(trees, depth): the answer is yes above this."""
    leaves: NDArray[np.float32]
    """(trees, 2 ** depth): the value that each leaf adds."""

    def predict(self, rows: Floats) -> Floats:
        """One value per row; ``rows`` is (n, features)."""
        answers = rows.astype(np.float32)[:, self.features] > self.thresholds
        depth = self.features.shape[1]
        leaf = answers @ (1 << np.arange(depth - 1, -1, -1))
        added = self.leaves[np.arange(len(self.leaves)), leaf]
        total: Floats = self.base + added.sum(axis=1, dtype=np.float64)
        return total


def to_arrays(name: str, forest: Forest) -> dict[str, NDArray[np.generic]]:
    """The forest as arrays for ``numpy.savez``, under keys that begin with ``name``."""
    return {
        f"{name}/base": np.array(forest.base),
        f"{name}/features": forest.features,
        f"{name}/thresholds": forest.thresholds,
        f"{name}/leaves": forest.leaves.astype(np.float16),
    }


def from_arrays(name: str, arrays: dict[str, NDArray[np.generic]]) -> Forest:
    """The forest that ``to_arrays`` wrote under ``name``. Raises KeyError if there is none."""
    return Forest(
        base=float(arrays[f"{name}/base"].astype(np.float64)),
        features=arrays[f"{name}/features"].astype(np.int16),
        thresholds=arrays[f"{name}/thresholds"].astype(np.float32),
        leaves=arrays[f"{name}/leaves"].astype(np.float32),
    )
