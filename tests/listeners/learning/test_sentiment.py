import json
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, InputError
from core.taxonomy import Sentiment
from listeners.judgement.adaptation import Adaptation, bend_scores, write_adaptation
from listeners.judgement.sentiment.linear import LinearModel, load
from listeners.learning.calibration import Calibration, calibrate
from listeners.learning.cross_validation import Quality, quality
from listeners.learning.labels import Label
from listeners.learning.sentiment import adapt_sentiment

GOOD = ("味道很好", "服务热情", "东西新鲜", "非常满意", "会再来", "包装用心", "物流很快")
BAD = ("味道很差", "服务恶劣", "东西不新鲜", "非常失望", "再也不来", "包装破损", "物流太慢")


@pytest.fixture(scope="module")
def model() -> LinearModel:
    return load()


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


def test_contradicting_labels_change_the_judgement(model: LinearModel) -> None:
    done = adapt_sentiment(model, jargon(400))
    assert done.learned == "weights"
    assert done.adaptation is not None
    assert done.after.accuracy > done.before.accuracy + 0.2
    adapted = model.adapted(done.adaptation)
    bad, good = adapted.probabilities(["今天磔砢了", "今天璆琳了"])
    assert bad.negative > bad.positive
    assert good.positive > good.negative
    assert adapted.name == f"{model.name}+400"


def test_the_adapted_model_gives_the_measured_scores(model: LinearModel) -> None:
    labels = jargon(300)
    done = adapt_sentiment(model, labels)
    assert done.adaptation is not None
    found = model.adapted(done.adaptation).probabilities([label.text for label in labels])
    right = sum(
        {one.negative: "negative", one.neutral: "neutral", one.positive: "positive"}[
            max(one.negative, one.neutral, one.positive)
        ]
        == label.sentiment
        for one, label in zip(found, labels, strict=True)
    )
    assert right / len(labels) >= done.after.accuracy - 0.02


def test_a_hundred_labels_recalibrate(model: LinearModel) -> None:
    done = adapt_sentiment(model, plain(100))
    assert done.before.texts == done.after.texts == 100
    if done.adaptation is None:
        assert done.learned == "nothing"
    else:
        assert done.learned == "calibration"
        assert done.after.log_loss < done.before.log_loss
        assert done.adaptation.buckets == ()


def test_a_worse_model_is_refused(model: LinearModel) -> None:
    chance = random.Random(3)
    noise: list[Label] = [
        Label(text=label.text, sentiment=chance.choice(("negative", "positive")))
        if chance.random() < 0.15
        else label
        for label in plain(120)
    ]
    first = adapt_sentiment(model, noise)
    assert first.adaptation is None or first.after.better_than(first.before)
    sure = adapt_sentiment(model, plain(60) + plain(160)[60:])
    assert (sure.adaptation is None) == (not sure.after.better_than(sure.before))


def test_the_last_label_of_a_text_counts(model: LinearModel) -> None:
    once = adapt_sentiment(model, jargon(120))
    twice = adapt_sentiment(
        model, [Label(text=label.text, sentiment="neutral") for label in jargon(120)] + jargon(120)
    )
    assert once == twice


def test_too_few_or_identical_labels_are_refused(model: LinearModel) -> None:
    with pytest.raises(InputError, match=r"99 labelled texts are too few.*at least 100"):
        adapt_sentiment(model, plain(99))
    with pytest.raises(InputError, match="all labels are the same"):
        adapt_sentiment(
            model, [Label(text=label.text, sentiment="neutral") for label in plain(150)]
        )


def test_an_adapted_model_is_not_adapted_again(model: LinearModel) -> None:
    done = adapt_sentiment(model, jargon(120))
    assert done.adaptation is not None
    with pytest.raises(InputError, match="cannot be adapted again"):
        adapt_sentiment(model.adapted(done.adaptation), jargon(120))


def test_labels_of_texts_without_words_are_harmless(model: LinearModel) -> None:
    empty = [Label(text=mark, sentiment="neutral") for mark in ("", "😀", "?", "\x00", "\ud800")]
    assert adapt_sentiment(model, plain(120) + empty).before.texts == 125


def test_the_file_is_read_back_by_load(model: LinearModel, tmp_path: Path) -> None:
    done = adapt_sentiment(model, jargon(300))
    assert done.adaptation is not None
    path = tmp_path / "adaptation.json"
    write_adaptation(done.adaptation, path)
    loaded = load(path)
    assert loaded.adaptation == done.adaptation
    assert loaded.probabilities(["今天磔砢了"]) == model.adapted(done.adaptation).probabilities(
        ["今天磔砢了"]
    )
    assert [file.name for file in tmp_path.iterdir()] == ["adaptation.json"]


@pytest.mark.parametrize(
    "damage",
    ["", "[]", "{}", '{"format": 2}', '{"format": 3}', '{"format": 1, "model": "x"}', "\udcff"],
)
def test_a_damaged_file_is_refused_with_a_remedy(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "adaptation.json"
    path.write_bytes(damage.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"cannot be read.*run adapt again"):
        load(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "adaptation.json"
    write_adaptation(
        Adaptation(
            model="m", labels=1, slope=1.0, bias=(0, 0, 0), buckets=(1, 2), moves=((1, 1, 1),)
        ),
        path,
    )
    with pytest.raises(ConfigError, match="truncated"):
        load(path)


def test_a_file_with_a_bucket_outside_the_table_is_refused(
    model: LinearModel, tmp_path: Path
) -> None:
    path = tmp_path / "adaptation.json"
    wrong = Adaptation(
        model=model.name, labels=1, slope=1.0, bias=(0, 0, 0), buckets=(-1,), moves=((1, 1, 1),)
    )
    write_adaptation(wrong, path)
    with pytest.raises(ConfigError, match="outside"):
        load(path)


def test_a_file_of_another_model_is_refused(model: LinearModel, tmp_path: Path) -> None:
    path = tmp_path / "adaptation.json"
    write_adaptation(Adaptation(model="linear-0", labels=100, slope=1.0, bias=(0, 0, 0)), path)
    with pytest.raises(ConfigError, match=f"made for linear-0, not for {model.name}"):
        load(path)
    assert json.loads(path.read_text())["format"] == 2


def test_a_file_of_the_first_format_is_still_read(model: LinearModel, tmp_path: Path) -> None:
    path = tmp_path / "adaptation.json"
    write_adaptation(
        Adaptation(model=model.name, labels=100, slope=0.5, bias=(0.0, 0.5, 0.0)), path
    )
    whole = json.loads(path.read_text()) | {"format": 1}
    del whole["bend"], whole["categories"]
    path.write_text(json.dumps(whole))
    (first,) = load().probabilities(["味道很差"])
    (found,) = load(path).probabilities(["味道很差"])
    assert math.log(found.negative / found.positive) == pytest.approx(
        math.log(first.negative / first.positive) / 2
    )


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
    one = Adaptation(model="m", labels=1, slope=slope, bend=bend, bias=(1.0, 0.0, -1.0))
    assert one.applied(before) == pytest.approx(after + np.array((1.0, 0.0, -1.0)))


def test_overconfidence_is_calibrated() -> None:
    chance = np.random.default_rng(3)
    truth = chance.normal(size=400) * 2
    said = chance.random(400) < 1 / (1 + np.exp(-truth))
    scores = np.stack([-truth * 2, np.full(400, -30.0), truth * 2], axis=1)
    found = calibrate(scores, np.where(said, 2, 0))
    assert found.slope + found.bend < 0.6
    right = found.judged(scores)
    loud = Calibration().judged(scores)
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
