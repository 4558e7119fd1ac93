"""Corrections by staff adapt the judge, or are refused."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.settings_file import parse
from core.errors import ConfigError, InputError
from core.model.mentions import CorrectedMention, Correction
from core.taxonomy import Sentiment
from listeners.factory import build_understanding
from listeners.judgement.adaptation import Adaptation, write_adaptation
from listeners.judgement.judge import TextJudge
from listeners.judgement.platt_scaling import PlattScaling, log_odds
from listeners.judgement.sentiment.linear import load
from listeners.learning import adapt as adapting
from listeners.learning.adapt import (
    EXIT_REFUSED,
    AdaptationResult,
    adapt_all,
    adapt_and_report,
    output_path,
)
from listeners.learning.cross_validation import Quality
from listeners.learning.labels import Label, labels_from_corrections
from listeners.learning.sentiment import SentimentResult
from listeners.learning.topics import CategoryResult, ComplaintResult, adapt_complaint
from tests.builders import judgement
from tests.listeners.learning.test_sentiment import jargon, plain

SENTENCES = Path(__file__).parents[3] / "listeners" / "learning" / "training" / "complaints.jsonl"
AT = datetime(2026, 3, 2, tzinfo=UTC)
CONFIG = """
[[brands]]
id = "a"
name = "A"
terms = ["A店"]
[[channels]]
name = "chat"
type = "webchat"
"""


def strict(count: int) -> list[Label]:
    """A team to whom only the worst are complaints; of sentiment it thinks as the model."""
    judge, labels = TextJudge(load()), list[Label]()
    for line in SENTENCES.read_text("utf-8").splitlines():
        text = json.loads(line)["text"]
        (found,) = judge.judge_now([text])
        if found.complaint > 0.5:
            labels.append(
                Label(text=text, sentiment=found.sentiment, complaint=found.complaint > 0.9)
            )
        if len({label.text for label in labels}) == count:
            break
    return labels


def corrected(
    sentiment: Sentiment | None, complaint: bool | None, *, judged: Sentiment = "negative"
) -> CorrectedMention:
    return CorrectedMention(
        correction=Correction(
            mention=1, sentiment=sentiment, complaint=complaint, by="小林", at=AT
        ),
        text="面包",
        judgement=judgement(sentiment=judged, complaint=0.9),
    )


def test_unchanged_judgements_count_as_confirmed() -> None:
    (label,) = labels_from_corrections([corrected(None, None)])
    assert label == Label(text="面包", sentiment="negative", complaint=True, category="other")
    (label,) = labels_from_corrections([corrected("positive", False)])
    assert label == Label(text="面包", sentiment="positive", complaint=False, category="other")


@pytest.mark.parametrize(
    ("changes", "learned"),
    [
        ({}, True),
        ({"channel": "weibo"}, True),
        ({"channel": "tg"}, True),
        ({"no_training": True}, False),
        ({"no_training": True, "channel": "weibo"}, False),
        ({"channel": "x"}, False),
        ({"channel": "x-brand"}, False),
    ],
)
def test_what_a_platform_keeps_from_models_is_not_learned(
    changes: dict[str, Any], learned: bool
) -> None:
    one = replace(corrected("positive", False), **changes)
    assert bool(labels_from_corrections([one], closed={"x", "x-brand"})) is learned


def test_an_undeclared_category_is_ignored() -> None:
    one = corrected(None, None)
    wrong = replace(one, correction=replace(one.correction, category="bakery"))
    right = replace(one, correction=replace(one.correction, category="staff"))
    assert [label.category for label in labels_from_corrections([wrong, right])] == [None, "staff"]


def test_a_stricter_view_of_complaints_is_learned() -> None:
    lesson = adapt_all(load(), strict(200))
    assert lesson.complaint is not None
    assert lesson.complaint.scaling is not None
    assert lesson.complaint.after.log_loss < lesson.complaint.before.log_loss
    assert lesson.adaptation is not None
    assert lesson.adaptation.complaint == lesson.complaint.scaling


def test_complaints_need_labels_of_both_kinds() -> None:
    labels = [replace(label, complaint=True) for label in plain(150)]
    assert adapt_all(load(), labels).complaint is None
    assert adapt_all(load(), plain(150)).complaint is None


def test_noise_about_complaints_is_refused() -> None:
    chance = random.Random(7)
    scores = [chance.random() for _ in range(400)]
    said = [chance.random() < score for score in scores]
    found = adapt_complaint(scores, said)
    noise = adapt_complaint(scores, [not one for one in said])
    assert found.after.log_loss < found.before.log_loss * 1.05
    # Labels that say the contrary teach no more than that the model knows nothing.
    assert noise.scaling is None or noise.scaling.slope < 0.2


def test_overconfidence_about_complaints_is_calibrated() -> None:
    chance = np.random.default_rng(1)
    truth = chance.random(600)
    said = (chance.random(600) < truth).tolist()
    loud = [PlattScaling(slope=4.0, offset=1.0)(share) for share in truth.tolist()]
    found = adapt_complaint(loud, said)
    assert found.scaling is not None
    assert found.after.calibration_error < found.before.calibration_error
    assert found.scaling.slope < 0.6


def test_scaling_without_an_offset_changes_no_answer() -> None:
    """The confidence can be calibrated even if an offset would cost accuracy."""
    chance = np.random.default_rng(4)
    truth = chance.random(300)
    said = (chance.random(300) < truth).tolist()
    loud = [PlattScaling(slope=5.0, offset=0.0)(share) for share in truth.tolist()]
    found = adapt_complaint(loud, said)
    assert found.scaling is not None
    assert found.scaling.slope < 0.5
    if found.scaling.offset == 0.0:
        assert found.after.accuracy == found.before.accuracy


def test_platt_scaling_is_linear_in_log_odds() -> None:
    assert PlattScaling(slope=1.0, offset=0.0)(0.3) == pytest.approx(0.3)
    assert PlattScaling(slope=2.0, offset=1.0)(0.5) == pytest.approx(1 / (1 + np.exp(-1)))
    assert 0 < PlattScaling(slope=1e9, offset=1e9)(1.0) <= 1
    assert log_odds(0.0) < -10 < 10 < log_odds(1.0)


def test_the_file_carries_everything_to_the_judge(tmp_path: Path) -> None:
    out = StringIO()
    assert adapt_and_report(strict(200), tmp_path / "adaptation.json", out=out) == 0
    assert 'adaptation = "adaptation.json"' in out.getvalue()
    assert "before" in out.getvalue()
    before = build_understanding(parse(CONFIG, {}))
    settings = parse('adaptation = "adaptation.json"\n' + CONFIG, {})
    after = build_understanding(settings, tmp_path)
    text = next(label.text for label in strict(200) if not label.complaint)
    old, new = (one.judge.judge_now([text])[0] for one in (before, after))
    assert new.complaint < 0.5 < old.complaint
    assert new.model != old.model


def test_nothing_is_written_where_nothing_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, out = tmp_path / "adaptation.json", StringIO()
    place.write_text("as it was")
    worse = Quality(texts=9, accuracy=0.5, macro_f1=0.5, log_loss=0.9, calibration_error=0.1)
    lesson = AdaptationResult(
        sentiment=SentimentResult(before=worse, after=worse, learned="nothing", adaptation=None),
        complaint=ComplaintResult(before=worse, after=worse, scaling=None),
        category=CategoryResult(before=worse, after=worse, shift=None),
        adaptation=None,
    )
    monkeypatch.setattr(adapting, "adapt_all", lambda model, labels: lesson)
    assert adapt_and_report([], place, out=out) == EXIT_REFUSED
    assert out.getvalue().count("refused") == 3
    assert "nothing is written" in out.getvalue()
    assert place.read_text() == "as it was"


def test_noisy_labels_only_lower_confidence() -> None:
    chance = random.Random(5)
    noise = [
        Label(
            text=f"{chance.choice('好差')}{chr(0x4E00 + n)}",
            sentiment=chance.choice(("negative", "positive")),
        )
        for n in range(150)
    ]
    found = adapt_all(load(), noise).sentiment
    assert found is not None
    assert found.after.accuracy >= found.before.accuracy
    if found.adaptation is not None:
        sure = load().adapted(found.adaptation).probabilities(["好一"])[0]
        assert sure.positive < load().probabilities(["好一"])[0].positive


def test_an_unwritable_path_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        adapt_and_report(jargon(300), tmp_path / "none" / "a.json", out=StringIO())


def test_output_path(tmp_path: Path) -> None:
    plain_settings = parse(CONFIG, {})
    assert output_path(plain_settings, tmp_path, None) == tmp_path / "adaptation.json"
    named = parse('adaptation = "mine.json"\n' + CONFIG, {})
    assert output_path(named, tmp_path, None) == tmp_path / "mine.json"
    assert output_path(named, tmp_path, Path("x.json")) == Path("x.json")
    with pytest.raises(InputError, match="classic"):
        output_path(parse('sentiment = "classic"\n' + CONFIG, {}), tmp_path, None)


def test_texts_without_words_teach_no_weights() -> None:
    silent = [
        Label(
            text=chr(0x1F600 + number),
            sentiment="negative" if number % 2 else "positive",
            complaint=bool(number % 2),
            category="staff" if number % 2 else "app",
        )
        for number in range(320)
    ]
    found = adapt_all(load(), silent)
    assert found.category is None
    assert found.sentiment is not None
    assert found.sentiment.learned != "weights"


def test_malformed_and_huge_texts_are_learned_from_safely() -> None:
    odd = ["\x00", "\ud800", "", "好" * 100_000, "a " * 200_000, "<b>&amp;", "\u202e禾家"]
    labels = [replace(label, category="app") for label in jargon(300)]
    more = [Label(text=text, sentiment="neutral", complaint=True, category="staff") for text in odd]
    found = adapt_all(load(), [*labels, *more])
    assert found.sentiment is not None
    assert found.sentiment.before.texts == 300 + len(odd)
    assert found.sentiment.learned == "weights"


def garbage(**changes: object) -> str:
    whole = {
        "format": 1,
        "model": load().name,
        "labels": 1,
        "slope": 1.0,
        "bias": [0, 0, 0],
        "buckets": [],
        "moves": [],
    }
    return json.dumps(whole | changes)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\0",
        "[" * 100_000,
        garbage(slope=float("nan")),
        garbage(slope=-1),
        garbage(bias=[0, float("inf"), 0]),
        garbage(model="linear-0"),
        garbage(complaint={"slope": 1}),
        garbage(complaint={"slope": float("inf"), "offset": 0}),
        garbage(complaint={"slope": -1, "offset": 0}, topics="topics-3"),
        garbage(complaint={"slope": 1, "offset": 0}, topics="topics-0"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ConfigError) as caught:
        build_understanding(parse('adaptation = "a.json"\n' + CONFIG, {}), tmp_path)
    (problem,) = caught.value.problems
    assert problem.key == "adaptation"
    assert problem.remedy


def test_the_classic_model_cannot_be_adapted(tmp_path: Path) -> None:
    write_adaptation(
        Adaptation(model="x", labels=1, slope=1.0, bias=(0.0, 0.0, 0.0)), tmp_path / "a.json"
    )
    with pytest.raises(ConfigError, match="classic"):
        build_understanding(
            parse('adaptation = "a.json"\nsentiment = "classic"\n' + CONFIG, {}), tmp_path
        )


def test_all_mistakes_of_a_configuration_are_reported_at_once(tmp_path: Path) -> None:
    settings = parse('adaptation = "none.json"\n' + CONFIG.replace("A店", "A AND"), {})
    with pytest.raises(ConfigError) as caught:
        build_understanding(settings, tmp_path)
    assert {problem.key for problem in caught.value.problems} == {
        "adaptation",
        "brands[0].terms[0]",
    }
