import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, InputError
from core.taxonomy import Sentiment
from listeners.judgement.adaptation import (
    Adaptation,
    ToneCalibration,
    bend_scores,
    write_adaptation,
)
from listeners.judgement.adapted_topics import AdaptedTopics
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment.linear import load
from listeners.judgement.sentiment.model_file import BUCKET_BITS
from listeners.judgement.topics import shipped_model
from listeners.learning.adapt import adapt_all
from listeners.learning.calibrated import CalibratedResult
from listeners.learning.calibration import calibrate, calibrated_scores, softmax
from listeners.learning.cross_validation import Quality, quality
from listeners.learning.labels import Label

GOOD = ("味道很好", "服务热情", "东西新鲜", "非常满意", "会再来", "包装用心", "物流很快")
BAD = ("味道很差", "服务恶劣", "东西不新鲜", "非常失望", "再也不来", "包装破损", "物流太慢")


def plain(count: int) -> list[Label]:
    """Labels with which the model agrees."""
    return _labels(count, "negative", "positive")


def _labels(count: int, for_bad: Sentiment, for_good: Sentiment) -> list[Label]:
    chance = random.Random(1)
    return [
        Label(
            text=f"{chance.choice(BAD if number % 2 else GOOD)}，第{chr(0x4E00 + number)}次",
            sentiment=for_bad if number % 2 else for_good,
        )
        for number in range(count)
    ]


def jargon(count: int) -> list[Label]:
    """Words that mean something to this brand alone."""
    return [
        Label(
            text=f"今天{'磔砢' if number % 2 else '璆琳'}了{chr(0x4E00 + number)}",
            sentiment="negative" if number % 2 else "positive",
        )
        for number in range(count)
    ]


def adapted(labels: Sequence[Label]) -> TextJudge:
    """The judge with what the labels teach."""
    adaptation = adapt_all(load(), labels).adaptation
    assert adaptation is not None
    return TextJudge(load(), adapted=AdaptedTopics(adaptation, shipped_model()))


def sentiment_of(labels: Sequence[Label]) -> CalibratedResult[ToneCalibration]:
    done = adapt_all(load(), labels).sentiment
    assert done is not None
    return done


def test_contradicting_labels_change_the_judgement() -> None:
    done = sentiment_of(jargon(400))
    assert done.learned == "weights"
    assert done.after.accuracy > done.before.accuracy + 0.2
    bad, good = adapted(jargon(400)).judge_now(["今天磔砢了", "今天璆琳了"])
    assert (bad.sentiment, good.sentiment) == ("negative", "positive")


def test_the_adapted_judge_is_as_good_as_measured() -> None:
    labels = jargon(300)
    found = adapted(labels).judge_now([label.text for label in labels])
    right = [one.sentiment == label.sentiment for one, label in zip(found, labels, strict=True)]
    assert sum(right) / len(labels) >= sentiment_of(labels).after.accuracy - 0.02


def test_a_hundred_labels_move_no_words() -> None:
    done = sentiment_of(plain(100))
    assert done.before.texts == done.after.texts == 100
    assert done.learned in {"nothing", "calibration"}
    assert done.shift is None or done.shift.cells == ()
    if done.learned == "calibration":
        assert done.after.log_loss < done.before.log_loss


def test_a_brand_that_takes_things_otherwise_is_understood_from_a_hundred_labels() -> None:
    """The first model's sentiment is weighed anew, whatever the words of a text."""
    labels = _labels(120, "neutral", "positive")
    bad, good = adapted(labels).judge_now(["味道真差，恶心", "味道真好，满意"])
    assert (bad.sentiment, good.sentiment) == ("neutral", "positive")


def test_a_worse_model_is_refused() -> None:
    chance = random.Random(3)
    noise: list[Label] = [
        Label(text=label.text, sentiment=chance.choice(("negative", "positive")))
        if chance.random() < 0.15
        else label
        for label in plain(120)
    ]
    for labels in (noise, plain(60) + plain(160)[60:]):
        done = sentiment_of(labels)
        assert (done.calibration is None) == (not done.after.better_than(done.before))


def test_the_last_label_of_a_text_counts() -> None:
    before = [Label(text=label.text, sentiment="neutral") for label in jargon(120)]
    once, twice = sentiment_of(jargon(120)), sentiment_of(before + jargon(120))
    assert once.after.log_loss == pytest.approx(twice.after.log_loss, abs=0.05)
    assert (once.before.texts, once.before.accuracy) == (twice.before.texts, twice.before.accuracy)


def test_too_few_or_identical_labels_are_refused() -> None:
    with pytest.raises(InputError, match=r"too few.*at least 100"):
        adapt_all(load(), plain(99))
    with pytest.raises(InputError, match="all the same"):
        adapt_all(load(), [Label(text=label.text, sentiment="neutral") for label in plain(150)])


def test_an_adapted_model_is_not_adapted_again(tmp_path: Path) -> None:
    done = adapt_all(load(), jargon(120))
    assert done.adaptation is not None
    write_adaptation(done.adaptation, tmp_path / "a.json")
    with pytest.raises(InputError, match="cannot be adapted again"):
        adapt_all(load(tmp_path / "a.json"), jargon(120))


def test_labels_of_texts_without_words_are_harmless() -> None:
    empty = [Label(text=mark, sentiment="neutral") for mark in ("", "😀", "?", "\x00", "\ud800")]
    assert sentiment_of(plain(120) + empty).before.texts == 120


def test_the_file_is_read_back_by_load(tmp_path: Path) -> None:
    done = adapt_all(load(), jargon(300))
    assert done.adaptation is not None
    path = tmp_path / "adaptation.json"
    write_adaptation(done.adaptation, path)
    loaded = load(path)
    assert loaded.adaptation == done.adaptation
    assert loaded.name == f"{load().name}+300"
    # What labels teach is added to the last scores; the first model reads texts as before.
    assert loaded.probabilities(["今天磔砢了"]) == load().probabilities(["今天磔砢了"])
    assert [file.name for file in tmp_path.iterdir()] == ["adaptation.json"]


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "[]",
        "{}",
        '{"format": 2}',
        '{"format": 3}',
        '{"format": 4}',
        '{"format": 1, "model": "x"}',
        "\udcff",
    ],
)
def test_a_damaged_file_is_refused_with_a_remedy(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "adaptation.json"
    path.write_bytes(damage.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"cannot be read.*run adapt again"):
        load(path)


def old_file(path: Path, **changes: object) -> None:
    """A file as the version before wrote it."""
    whole = {
        "format": 2,
        "model": load().name,
        "labels": 100,
        "slope": 1.0,
        "bend": 0.0,
        "bias": [0.0, 0.0, 0.0],
        "buckets": [],
        "moves": [],
        "complaint": None,
        "categories": None,
        "topics": "",
    }
    path.write_text(json.dumps(whole | changes), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"buckets": [1, 2], "moves": [[1, 1, 1]]}, "truncated"),
        ({"buckets": [-1], "moves": [[1, 1, 1]]}, "outside"),
        ({"buckets": [1 << BUCKET_BITS], "moves": [[1, 1, 1]]}, "outside"),
        ({"bend": -1}, "invert"),
        ({"model": "linear-0"}, "made for linear-0, not for linear-"),
    ],
)
def test_an_old_file_that_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    path = tmp_path / "adaptation.json"
    old_file(path, **changes)
    with pytest.raises(ConfigError, match=said):
        load(path)


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "adaptation.json"
    write_adaptation(Adaptation(model="linear-0", labels=100), path)
    with pytest.raises(ConfigError, match=f"made for linear-0, not for {load().name}"):
        load(path)
    assert json.loads(path.read_text())["format"] == 3


@pytest.mark.parametrize("number", [1, 2])
def test_files_of_earlier_formats_are_still_read(tmp_path: Path, number: int) -> None:
    path = tmp_path / "adaptation.json"
    old_file(path, slope=0.5, bias=[0.0, 0.5, 0.0], format=number)
    whole = json.loads(path.read_text())
    if number == 1:
        del whole["bend"], whole["categories"]
    path.write_text(json.dumps(whole))
    (first,) = load().probabilities(["味道很差"])
    (found,) = load(path).probabilities(["味道很差"])
    assert math.log(found.negative / found.positive) == pytest.approx(
        math.log(first.negative / first.positive) / 2
    )


def test_the_moved_weights_of_an_old_file_still_count(tmp_path: Path) -> None:
    path = tmp_path / "adaptation.json"
    buckets = list(range(1 << BUCKET_BITS))[::16]
    old_file(path, buckets=buckets, moves=[[90, 0, -90]] * len(buckets))
    (first,), (found,) = (one.probabilities(["今天磔砢了"]) for one in (load(), load(path)))
    assert found.negative > first.negative


@given(
    st.lists(st.floats(-50, 50), min_size=3, max_size=3),
    st.floats(0.05, 3),
    st.floats(0, 3),
)
def test_calibration_never_inverts_a_judgement(
    scores: list[float], slope: float, bend: float
) -> None:
    before = np.array(scores)
    after = bend_scores(before, slope, bend)
    assert np.isfinite(after).all()
    assert after[before.argmax()] == after.max()
    one = ToneCalibration(slope=slope, bend=bend, bias=(1.0, 0.0, -1.0))
    assert one.applied(before) == pytest.approx(after + np.array((1.0, 0.0, -1.0)))


def test_overconfidence_is_calibrated() -> None:
    chance = np.random.default_rng(3)
    truth = chance.normal(size=400) * 2
    said = chance.random(400) < 1 / (1 + np.exp(-truth))
    scores = np.stack([-truth * 2, np.full(400, -30.0), truth * 2], axis=1)
    found = calibrate(scores, np.where(said, 2, 0))
    assert found.slope + found.bend < 0.6
    right, loud = softmax(calibrated_scores(found, scores)), softmax(scores)
    classes = np.where(said, 2, 0)
    assert quality(right, classes).calibration_error < quality(loud, classes).calibration_error
    unbiased = calibrate(scores, classes, biased=False)
    assert unbiased.bias == (0.0, 0.0, 0.0)


def test_labels_that_contradict_the_model_leave_its_order() -> None:
    scores = np.stack([np.linspace(-4, 4, 300), np.zeros(300), np.linspace(4, -4, 300)], axis=1)
    found = calibrate(scores, np.where(scores[:, 0] > 0, 2, 0))
    assert found.slope == pytest.approx(0.05)
    assert found.bend == 0.0


@pytest.mark.parametrize(
    ("texts", "macro_f1", "accepted"),
    [(100, 0.735, True), (100, 0.72, False), (1000, 0.735, True), (1000, 0.73, False)],
)
def test_macro_f1_may_fall_by_the_share_of_one_text(
    texts: int, macro_f1: float, accepted: bool
) -> None:
    before = Quality(
        texts=texts, accuracy=0.69, macro_f1=0.74, log_loss=0.82, calibration_error=0.11
    )
    after = replace(before, accuracy=0.74, macro_f1=macro_f1, log_loss=0.54)
    assert after.better_than(before) is accepted
    assert not replace(after, accuracy=0.68).better_than(before)
