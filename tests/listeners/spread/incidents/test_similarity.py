"""Merging by meaning: which incident is kept, and what keeps two apart."""

import numpy as np
import pytest

from listeners.spread.grouping.meaning import (
    BackgroundMeaning,
    MeaningCentroid,
    log_odds_same,
    shipped_background,
)
from listeners.spread.grouping.relevance import BackgroundLanguage
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.similarity import best_merge
from tests.listeners.spread.embeddings import BREAD, GUARD
from tests.listeners.spread.incidents.test_semantic_merge import index_with_incidents


def meaning(axis: int, count: int = 4) -> MeaningCentroid:
    vector = np.zeros(384, np.float32)
    vector[axis] = 0.7
    made = MeaningCentroid()
    for number in range(count):
        own = vector.copy()
        own[100 + 10 * axis + number] = 0.7
        made.add(own)
    return made


def two(first: int = 0, second: int = 0) -> tuple[TrackedIncident, TrackedIncident]:
    _, [(one, _), (other, _)] = index_with_incidents(BREAD[0], GUARD[0])
    one.centroid, other.centroid = meaning(first), meaning(second)
    one.activity.authors.update(("a", "b"))
    return one, other


def test_incidents_of_the_same_meaning_merge_into_the_larger() -> None:
    one, other = two()
    assert best_merge(one, [one, other], background=BackgroundLanguage()) == (one, other)
    assert best_merge(other, [one, other], background=BackgroundLanguage()) == (one, other)
    other.alerted = "P2"
    assert best_merge(one, [one, other], background=BackgroundLanguage()) == (other, one)


def test_incidents_of_different_meaning_stay_apart() -> None:
    one, other = two(0, 1)
    assert best_merge(one, [other], background=BackgroundLanguage()) is None


def test_a_ruled_incident_absorbs_and_is_never_absorbed() -> None:
    one, other = two()
    one.alerted = "P1"
    other.staff_ruled = True
    assert best_merge(one, [other], background=BackgroundLanguage()) == (other, one)
    one.staff_ruled = True
    assert best_merge(one, [other], background=BackgroundLanguage()) is None


def test_other_brands_and_long_gaps_keep_incidents_apart() -> None:
    one, other = two()
    other.brand = "another"
    assert best_merge(one, [other], background=BackgroundLanguage()) is None
    one, other = two()
    other.activity.last += 7 * 3600
    assert best_merge(one, [other], background=BackgroundLanguage()) is None


def test_more_evidence_is_needed_among_many_and_if_both_are_alerted() -> None:
    one, other = two()
    other.centroid = MeaningCentroid()
    other.centroid.add(meaning(0, 1).sum * np.float32(0.3))
    assert best_merge(one, [other], background=BackgroundLanguage()) == (one, other)
    crowd = [two(1, 2)[1] for _ in range(60)]
    assert best_merge(one, [other, *crowd], background=BackgroundLanguage()) is None
    one.alerted = other.alerted = "P2"
    assert best_merge(one, [other], background=BackgroundLanguage()) is None


def test_an_empty_centroid_is_no_evidence() -> None:
    assert log_odds_same(MeaningCentroid(), meaning(0)) == 0.0
    assert log_odds_same(meaning(0), meaning(0)) > 5
    assert log_odds_same(meaning(0), meaning(1)) < -2


def test_the_background_of_a_brand_is_subtracted() -> None:
    shipped = shipped_background()
    usual = BackgroundMeaning(shipped)
    habit = np.zeros(384, np.float32)
    habit[7] = 1.0
    before = usual.subtract(shipped["zh"] + habit, brand="a", language="zh")
    for _ in range(4_500):
        usual.learn(shipped["zh"] + habit, brand="a", language="zh")
    own = habit.copy()
    own[8] = 1.0
    receiver_after = usual.subtract(shipped["zh"] + own, brand="a", language="zh")
    assert before[7] == pytest.approx(1.0)
    assert receiver_after[8] > 0.95
    assert usual.subtract(shipped["zh"] + own, brand="b", language="zh")[7] > 0.5
    assert usual.supports("mixed")
    assert not usual.supports("other")


def test_everyday_talk_absorbs_nothing_until_it_is_alerted() -> None:
    one, other = two()
    one.activity.first -= 2 * 86_400
    assert best_merge(one, [other], background=BackgroundLanguage()) is None
    assert best_merge(other, [one], background=BackgroundLanguage()) is None
    one.alerted = "P2"
    assert best_merge(other, [one], background=BackgroundLanguage()) == (one, other)
