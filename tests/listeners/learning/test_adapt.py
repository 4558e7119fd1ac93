"""Corrections by staff adapt the judge, or are refused."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cli.settings_file import parse
from core.errors import ConfigError, InputError
from core.model.mentions import CorrectedMention, Correction
from core.taxonomy import Sentiment
from listeners.factory import build_understanding
from listeners.judgement.adaptation import Adaptation, write_adaptation
from listeners.judgement.adapted_topics import AdaptedTopics
from listeners.judgement.judge import ScoredText, TextJudge
from listeners.judgement.meaning import load_encoder
from listeners.judgement.platt_scaling import PlattScaling, log_odds
from listeners.judgement.sentiment.linear import load
from listeners.judgement.topics import shipped_model
from listeners.learning import adapt as adapting
from listeners.learning.adapt import (
    EXIT_REFUSED,
    AdaptationResult,
    adapt_all,
    adapt_and_report,
    output_path,
)
from listeners.learning.calibrated import CalibratedResult, adapt_complaint
from listeners.learning.cross_validation import Quality
from listeners.learning.labels import Label, labels_from_corrections
from listeners.learning.topics import GroupResult
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
    assert label == Label(
        text="面包", sentiment="positive", complaint=False, category="other", intent="statement"
    )


@pytest.mark.parametrize(
    ("judged", "said", "complaint", "learned"),
    [
        ("question", None, None, None),
        ("question", None, False, "question"),
        ("order_status", None, True, "order_status"),
        ("complaint", None, True, "complaint"),
        ("complaint", None, False, None),
        ("complaint", "suggestion", False, "suggestion"),
        ("question", "bakery", False, None),
    ],
)
def test_an_intent_is_confirmed_where_it_fits_the_rest(
    judged: str, said: str | None, complaint: bool | None, learned: str | None
) -> None:
    one = corrected("neutral", complaint)
    one = replace(
        one,
        correction=replace(one.correction, intent=said),
        judgement=replace(one.judgement, intent=judged),
    )
    (label,) = labels_from_corrections([one])
    assert label.intent == learned


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
    assert lesson.complaint.learned == "calibration"
    assert lesson.complaint.after.log_loss < lesson.complaint.before.log_loss
    assert lesson.adaptation is not None
    assert lesson.adaptation.complaint == lesson.complaint.calibration


def words(count: int) -> list[Label]:
    """Words that make a complaint and an intent at this brand alone."""
    return [
        Label(
            text=f"今天又{'磔砢' if number % 2 else '璆琳'}了{chr(0x4E00 + number)}",
            complaint=bool(number % 2),
            intent="complaint" if number % 2 else "suggestion",
        )
        for number in range(count)
    ]


def test_words_of_complaints_and_intents_are_learned_from_300_labels(tmp_path: Path) -> None:
    few = adapt_all(load(), words(299))
    assert few.intent is None
    assert few.complaint is not None
    assert few.complaint.learned != "weights"
    out = StringIO()
    assert adapt_and_report(words(320), tmp_path / "adaptation.json", out=out) == 0
    assert out.getvalue().count("  weights") == 2
    settings = parse('adaptation = "adaptation.json"\n' + CONFIG, {})
    texts = ["他们又磔砢了，唉", "他们又璆琳了，唉"]
    bad, wish = build_understanding(settings, tmp_path).judge.judge_now(texts)
    assert bad.complaint > 0.5 > wish.complaint
    assert (bad.intent, wish.intent) == ("complaint", "suggestion")
    plain_bad, plain_wish = TextJudge(load()).judge_now(texts)
    assert (plain_bad.complaint > 0.5, plain_bad.intent) != (plain_wish.complaint > 0.5, "")
    assert plain_wish.intent != "suggestion"


def test_what_is_learned_reaches_texts_of_the_second_stage() -> None:
    """The last stage to score a text does not undo what the labels taught."""
    grave = "面包发霉了 我要投诉 {}"
    labels = [
        Label(
            text=grave.format(("磔砢" if number % 2 else "璆琳") + chr(0x4E00 + number)),
            complaint=bool(number % 2),
            intent="threat" if number % 2 else "suggestion",
        )
        for number in range(320)
    ]
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.extend(texts)
        return load_encoder()(texts)

    adaptation = adapt_all(load(), labels).adaptation
    assert adaptation is not None
    adapted = AdaptedTopics(adaptation, shipped_model())
    judge = TextJudge(load(), adapted=adapted, encoder=lambda: encode)
    texts = [grave.format("磔砢啊"), grave.format("璆琳啊")]
    bad, fine = judge.judge_now(texts)
    assert sorted(asked) == sorted(texts)
    assert bad.complaint > 0.8
    assert fine.complaint < 0.2
    assert (bad.intent, fine.intent) == ("threat", "suggestion")


def test_complaints_need_labels_of_both_kinds() -> None:
    labels = [replace(label, complaint=True) for label in plain(150)]
    assert adapt_all(load(), labels).complaint is None
    assert adapt_all(load(), plain(150)).complaint is None


def scored(probabilities: Sequence[float]) -> list[ScoredText]:
    """Texts with these probabilities of a complaint, and no word that tells them apart."""
    (one,) = TextJudge(load(), encoder=None).scored(["面包"])
    assert one is not None
    found = []
    for share in probabilities:
        scores = one.scores.copy()
        scores[0] = log_odds(share)
        found.append(replace(one, scores=scores))
    return found


def test_noise_about_complaints_is_refused() -> None:
    chance = random.Random(7)
    shares = [chance.random() for _ in range(400)]
    said = [chance.random() < share for share in shares]
    found = adapt_complaint(shipped_model(), scored(shares), said)
    noise = adapt_complaint(shipped_model(), scored(shares), [not one for one in said])
    assert found.after.log_loss < found.before.log_loss * 1.05
    # Labels that say the contrary teach no more than that the model knows nothing.
    assert noise.calibration is None or noise.calibration.slope < 0.2


@pytest.mark.parametrize(("slope", "offset", "texts"), [(4.0, 1.0, 600), (5.0, 0.0, 300)])
def test_overconfidence_about_complaints_is_calibrated(
    slope: float, offset: float, texts: int
) -> None:
    chance = np.random.default_rng(1)
    truth = chance.random(texts)
    said = (chance.random(texts) < truth).tolist()
    loud = [PlattScaling(slope=slope, offset=offset)(share) for share in truth.tolist()]
    found = adapt_complaint(shipped_model(), scored(loud), said)
    assert found.calibration is not None
    assert found.after.calibration_error < found.before.calibration_error
    assert found.calibration.slope < 0.6


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
    mild = [label.text for label in strict(200) if not label.complaint]
    old, new = (one.judge.judge_now(mild) for one in (before, after))
    assert all(one.complaint > 0.5 for one in old)
    assert sum(one.complaint < 0.5 for one in new) > len(mild) / 3
    assert new[0].model != old[0].model


def test_nothing_is_written_where_nothing_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, out = tmp_path / "adaptation.json", StringIO()
    place.write_text("as it was")
    worse = Quality(texts=9, accuracy=0.5, macro_f1=0.5, log_loss=0.9, calibration_error=0.1)
    lesson = AdaptationResult(
        sentiment=CalibratedResult(before=worse, after=worse, calibration=None),
        complaint=CalibratedResult(before=worse, after=worse, calibration=None),
        category=GroupResult(before=worse, after=worse, shift=None),
        intent=GroupResult(before=worse, after=worse, shift=None),
        adaptation=None,
    )
    monkeypatch.setattr(adapting, "adapt_all", lambda model, labels: lesson)
    assert adapt_and_report([], place, out=out) == EXIT_REFUSED
    assert out.getvalue().count("refused") == 4
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
    if found.calibration is not None:
        scores = np.array([-3.0, 0.0, 3.0])
        after = found.calibration.applied(scores)
        assert after[2] - after[0] < scores[2] - scores[0]


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
    with pytest.raises(InputError, match="too few"):
        adapt_all(load(), silent)


def test_malformed_and_huge_texts_are_learned_from_safely() -> None:
    odd = ["\x00", "\ud800", "", "好" * 100_000, "a " * 200_000, "<b>&amp;", "\u202e禾家"]
    labels = [replace(label, category="app") for label in jargon(300)]
    more = [Label(text=text, sentiment="neutral", complaint=True, category="staff") for text in odd]
    found = adapt_all(load(), [*labels, *more])
    assert found.sentiment is not None
    assert found.sentiment.before.texts >= 300
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
    write_adaptation(Adaptation(model="x", labels=1), tmp_path / "a.json")
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
