"""The second stage: whom it is asked about, and what becomes of its answer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.model.judgement import Probabilities
from listeners.judgement.judge import TextJudge, needs_second_stage
from listeners.judgement.meaning import (
    DIMENSIONS,
    MeaningModel,
    load_encoder,
    load_meaning,
    shipped_meaning,
)
from listeners.judgement.sentiment.models import load
from listeners.judgement.topic_features import topic_features
from listeners.judgement.topics import LABELS

EVEN = Probabilities(negative=0.3, neutral=0.4, positive=0.3)
PLAIN, FIRE = topic_features("路过", EVEN), topic_features("店里着火了", EVEN)


def scores(*, complaint: float = -9, harm: float = -9, adverse: float = -9) -> NDArray[np.float32]:
    found = np.zeros(len(LABELS), np.float32)
    found[:3] = complaint, harm, adverse
    return found


@pytest.mark.parametrize(
    ("given", "plain", "named"),
    [
        ({}, False, False),
        ({"complaint": -0.9}, True, True),
        ({"complaint": -1.1}, False, False),
        ({"harm": -1.9}, True, True),
        ({"harm": -2.1}, False, True),
        ({"harm": -4.1}, False, False),
        ({"adverse": -1.4}, True, True),
        ({"adverse": -1.6}, False, False),
    ],
)
def test_it_is_asked_where_a_complaint_harm_or_bad_news_is_possible(
    given: dict[str, float], plain: bool, named: bool
) -> None:
    assert needs_second_stage(scores(**given), PLAIN) is plain
    assert needs_second_stage(scores(**given), FIRE) is named


def test_harm_is_the_mean_of_both_stages() -> None:
    size = len(LABELS)
    model = MeaningModel(
        scores=np.zeros((size, size), np.float32),
        embedding=np.zeros((DIMENSIONS, size), np.float32),
        bias=np.full(size, 4, np.float32),
        labels=LABELS,
    )
    (found,) = model.revised(scores(harm=-2)[None], np.zeros((1, DIMENSIONS), np.float32))
    assert (found[0], found[1]) == (4, 1)


def test_a_model_is_the_same_after_it_was_written(tmp_path: Path) -> None:
    shipped_meaning().save(tmp_path / "copy.npz")
    copy, whole = load_meaning(tmp_path / "copy.npz"), shipped_meaning()
    assert list(copy.labels) == list(whole.labels) == list(LABELS)
    assert np.array_equal(copy.embedding, whole.embedding)


@pytest.mark.parametrize("text", ["", "\0", "\ud800", " ", "好" * 5_000, "<b>" * 99, "😀"])
def test_any_text_has_an_embedding(text: str) -> None:
    (found,) = load_encoder()([text])
    assert found.shape == (DIMENSIONS,)
    assert np.isfinite(found).all()


def test_only_what_needs_it_is_embedded_and_each_text_keeps_its_own_answer() -> None:
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.extend(texts)
        return load_encoder()(texts)

    texts = ["你们几点关门", "面包发霉了要退款", "谢谢", "收银员态度太差了我要投诉"]
    judge = TextJudge(load("linear"), encoder=lambda: encode)
    together = judge.judge_now(texts)
    assert set(asked) == {texts[1], texts[3]}
    alone = [judge.judge_now([text])[0] for text in texts]
    assert [one.category for one in together] == [one.category for one in alone]
    assert [one.complaint for one in together] == pytest.approx(
        [one.complaint for one in alone], abs=1e-4
    )


def test_without_an_encoder_the_first_stage_decides() -> None:
    (found,) = TextJudge(load("linear"), encoder=None).judge_now(["面包发霉了，要退款"])
    assert found.complaint >= 0.5
