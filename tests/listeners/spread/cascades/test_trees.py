import numpy as np

from benchmarks.cascade_boosting import Task, boost
from listeners.spread.cascades.trees import from_arrays, to_arrays


def learned(rows: np.ndarray, target: np.ndarray, *, relative_from: int = 100) -> np.ndarray:
    task = Task(
        rows=rows,
        target=target,
        weights=np.ones(len(rows)),
        trees=100,
        relative_from=relative_from,
        seed=1,
    )
    forest = boost(task)
    again = from_arrays("one", dict(to_arrays("one", forest).items()))
    assert np.allclose(again.predict(rows), forest.predict(rows), atol=0.02)
    return forest.predict(rows)


def test_a_step_and_an_interaction_are_learned() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(2000, 6))
    target = np.where(rows[:, 0] > 0, 1.0, -1.0) + np.where(rows[:, 1] * rows[:, 2] > 0, 0.5, 0.0)
    assert np.median(np.abs(learned(rows, target) - target)) < 0.15


def test_a_missing_feature_is_learned_from() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(1000, 4))
    unknown = rng.random(1000) < 0.5
    rows[unknown, 2] = np.nan
    target = np.where(unknown, 2.0, 0.0)
    assert np.median(np.abs(learned(rows, target) - target)) < 0.1


def test_a_feature_that_is_always_missing_is_harmless() -> None:
    rows = np.random.default_rng(1).normal(size=(500, 3))
    target = rows[:, 0].copy()
    rows[:, 1] = np.nan
    assert np.median(np.abs(learned(rows, target) - target)) < 0.3


def test_outliers_do_not_pull_under_the_relative_loss() -> None:
    rows = np.zeros((1000, 2))
    target = np.concatenate([np.zeros(600), np.full(400, 1.5)])
    assert abs(learned(rows, target, relative_from=30)[0]) < 0.1
