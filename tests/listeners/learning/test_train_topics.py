"""Training: labels become goals and weights, and a fit becomes both stages."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.judge_examples import FOLDS, Example, older_examples, text_id, voices_examples
from benchmarks.train_topics import Fitted, best_f1, fit, groups, with_complaints_from
from listeners.judgement.topics import LABELS


def example(goals: dict[str, dict[str, float]]) -> Example:
    return Example(text="", source="", fold=0, goals=goals, weights=dict.fromkeys(goals, 1.0))


def test_groups_cover_every_label_once() -> None:
    columns = [column for group in groups() for column in group.columns]
    assert sorted(columns) == list(range(len(LABELS)))


@pytest.mark.parametrize(
    ("group", "names"), [("complaint", ("yes", "no")), ("sentiment", ("negative", "positive"))]
)
def test_a_fit_tells_apart_what_differs(group: str, names: tuple[str, str]) -> None:
    (chosen,) = [one for one in groups() if one.name == group]
    inputs = np.array([[1.0], [-1.0]] * 20, np.float32)
    examples = [example({group: {names[row % 2]: 1.0}}) for row in range(40)]
    if group == "sentiment":
        inputs = np.vstack([inputs, [[0.0]] * 20]).astype(np.float32)
        examples += [example({group: {"neutral": 1.0}})] * 20
    weights, bias = fit(inputs, examples, chosen, 8.0)
    first = np.array([1.0]) @ weights + bias
    second = np.array([-1.0]) @ weights + bias
    assert first[0] > second[0]
    if group == "complaint":
        assert first[0] > 0 > second[0]


def test_moving_the_odds_of_a_complaint_changes_no_other_score() -> None:
    random, size = np.random.default_rng(0), len(LABELS)

    def numbers(*shape: int) -> NDArray[np.float32]:
        return random.normal(size=shape).astype(np.float32)

    first, second = (numbers(3, size), numbers(size)), (numbers(size + 2, size), numbers(size))
    moved, second_moved = with_complaints_from(first, second, -0.3)
    inputs, embedding = numbers(3), numbers(2)

    def run(one: Fitted, other: Fitted) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        scores = inputs @ one[0] + one[1]
        return scores, np.concatenate([scores * 0.2, embedding]) @ other[0] + other[1]

    (s, t), (u, v) = run(first, second), run(moved, second_moved)
    assert u[0] == pytest.approx(s[0] + 0.3, abs=1e-4)
    assert v[0] == pytest.approx(t[0] + 0.3, abs=1e-4)
    assert u[1:] == pytest.approx(s[1:], abs=1e-4)
    assert v[1:] == pytest.approx(t[1:], abs=1e-4)


def test_best_f1() -> None:
    scores = np.array([3.0, 2.0, 1.0, 0.0], np.float32)
    assert best_f1(scores, np.array([True, True, False, False])) == (1.0, 2.0)


def test_written_sentences_are_goals_of_declared_labels() -> None:
    names = {group.name: {*group.names, "no"} for group in groups()}
    for one in (*voices_examples(), *older_examples()):
        assert 0 <= one.fold < FOLDS
        assert one.goals.keys() == one.weights.keys()
        for group, shares in one.goals.items():
            assert set(shares) <= names[group]
            assert sum(shares.values()) == pytest.approx(1)


def test_ids_do_not_depend_on_signs() -> None:
    assert text_id("面包，发霉了！") == text_id(" 面包发霉了")
