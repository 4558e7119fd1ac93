import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from core.model.judgement import Judgement
from core.taxonomy import CATEGORIES, INTENTS, RELEVANCES, RISKS
from listeners.judgement.decision import decide
from listeners.judgement.judge import TextJudge
from listeners.judgement.lexicon import FOLDER, word_lists
from listeners.judgement.sentiment import models as sentiment
from listeners.judgement.topic_features import (
    CELL_BITS,
    dense_names,
    topic_features,
    topic_features_of_all,
)
from listeners.judgement.topics import (
    LABELS,
    LONE_LABELS,
    MODEL_FILE,
    SENTIMENTS,
    TopicModel,
    load_topics,
    shipped_model,
)
from tests.listeners.judgement.test_judge import Undecided
from tests.work import calls

SENTENCES = Path(__file__).parents[3] / "listeners" / "learning" / "training" / "complaints.jsonl"
ROWS = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def judge() -> TextJudge:
    return TextJudge(sentiment.load("linear"))


def judged(judge: TextJudge, text: str) -> Judgement:
    (found,) = judge.judge_now([text])
    return found


@pytest.mark.parametrize(
    "text",
    [
        "面包发霉了，要退款",
        "麵包發霉了，要退款",
        "你好，我昨天买的酸奶盖子鼓起来了，麻烦核实一下，谢谢",
        "收银员态度太差了",
        "你们的客服电话打不通",
        "排队排了半小时，收银员还爱答不理",
        "refund me now",
        "The bread I bought yesterday was mouldy, I would like a refund please",
        "再不处理我就打12315",
    ],
)
def test_complaints(judge: TextJudge, text: str) -> None:
    assert judged(judge, text).complaint >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "你们几点关门",
        "What time do you close?",
        "如果买的东西坏了可以退吗",
        "草莓买一送一吗",
        "I fucking love this store",
        "火锅底料好香",
        "今天草莓很新鲜，点赞",
        "找人工",
        "Where is my order?",
        "加微信领福利，刷单日结",
        "",
        "😀",
    ],
)
def test_no_complaints(judge: TextJudge, text: str) -> None:
    found = judged(judge, text)
    assert found.complaint < 0.5
    assert found.intent not in {"complaint", "threat"}


@pytest.mark.parametrize(
    "text", ["后厨着火了", "促销抢到火了，孩子受伤流血", "不想活了", "律师函已经寄出"]
)
def test_a_harmless_word_does_not_hide_harm(judge: TextJudge, text: str) -> None:
    assert judged(judge, text).risk


def test_the_sentences_are_enough_and_well_labelled() -> None:
    assert len(ROWS) >= 1500
    assert len({row["text"] for row in ROWS}) > 0.98 * len(ROWS)
    assert 0.4 < sum(row["complaint"] for row in ROWS) / len(ROWS) < 0.6
    for row in ROWS:
        assert row["category"] in CATEGORIES
        assert row["intent"] in INTENTS
        assert set(row["risk"]) <= set(RISKS)
        assert row["complaint"] or row["intent"] not in {"complaint", "threat"}


def test_no_template_and_no_author_is_on_both_sides_of_the_split() -> None:
    for key in ("author", "template"):
        held = {row[key] for row in ROWS if row["split"] == "held_out"}
        heard = {row[key] for row in ROWS if row["split"] == "train"}
        assert held
        assert heard
        assert not held & heard


def test_the_model_fits_its_features_and_is_small() -> None:
    found = topic_features("面包发霉了", Undecided().probabilities([""])[0])
    assert len(found.dense) == len(dense_names())
    topics = shipped_model().topics(found)
    assert sum(topics.categories.values()) == pytest.approx(1, abs=1e-4)
    assert sum(topics.intents.values()) == pytest.approx(1, abs=1e-4)
    groups = len(CATEGORIES) + len(INTENTS) + len(RELEVANCES) + len(SENTIMENTS) + len(RISKS)
    assert len(LABELS) == len(LONE_LABELS) + groups
    assert MODEL_FILE.stat().st_size < 1_500_000


def test_a_model_is_the_same_after_it_was_written(tmp_path: Path) -> None:
    found = topic_features("面包发霉了", Undecided().probabilities([""])[0])
    shipped_model().save(tmp_path / "copy.npz")
    assert load_topics(tmp_path / "copy.npz").topics(found) == shipped_model().topics(found)


def saved_without(file: Path, label: str, feature: str) -> Path:
    """The shipped model as it would be, had it been trained without a label and a feature."""
    with np.load(MODEL_FILE) as data:
        arrays = dict(data)
    column = arrays["labels"].tolist().index(label)
    row = arrays["features"].tolist().index(feature)
    for name in ("table", "unit", "bias", "labels", "dense"):
        arrays[name] = np.delete(arrays[name], column, axis=-1)
    for name in ("dense", "features"):
        arrays[name] = np.delete(arrays[name], row, axis=0)
    np.savez(file, **arrays)
    return file


@pytest.mark.parametrize("label", ["category.freshness", "intent.complaint", "risk.fire"])
def test_a_label_that_was_not_trained_is_never_predicted(tmp_path: Path, label: str) -> None:
    model = load_topics(saved_without(tmp_path / "old.npz", label, "category.freshness"))
    assert model.untrained == (label,)
    found = topic_features("面包发霉了，店里着火了", Undecided().probabilities([""])[0])
    topics = model.topics(found)
    kind, _, name = label.partition(".")
    known = {"category": topics.categories, "intent": topics.intents, "risk": topics.risks}
    assert name not in known[kind]
    assert sum(topics.categories.values()) == pytest.approx(1, abs=1e-4)
    assert sum(topics.intents.values()) == pytest.approx(1, abs=1e-4)
    decision = decide(topics, found)
    assert name not in (decision.category, decision.intent)
    # A word names a risk whether or not the model knows it.
    assert "fire" in decision.risk


def test_a_label_that_is_no_longer_declared_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tuple(label for label in LABELS if label not in ("category.app", "risk.press"))
    monkeypatch.setattr("listeners.judgement.topics.LABELS", left)
    found = topic_features("面包发霉了", Undecided().probabilities([""])[0])
    fewer, whole = load_topics().topics(found), shipped_model().topics(found)
    assert set(whole.categories) - set(fewer.categories) == {"app"}
    assert set(whole.risks) - set(fewer.risks) == {"press"}
    assert fewer.complaint == whole.complaint
    assert fewer.intents == whole.intents


def test_every_label_that_is_declared_now_is_trained() -> None:
    assert shipped_model().untrained == ()


@pytest.mark.parametrize(("name", "declared"), [("category", CATEGORIES), ("intent", INTENTS)])
def test_word_lists_are_of_declared_labels(name: str, declared: tuple[str, ...]) -> None:
    assert set(word_lists(name)) <= set(declared)


def test_risk_words_are_of_declared_risks() -> None:
    tree = tomllib.loads((FOLDER / "risk.toml").read_text(encoding="utf-8"))
    assert set(tree) - {"reach", "groups", "harmless"} <= set(RISKS)


def test_complaint_scaling_changes_nothing_else() -> None:
    found = topic_features("面包发霉了", Undecided().probabilities([""])[0])
    before, after = (
        shipped_model().topics(found),
        shipped_model().with_complaint_scaling(1.0, -5.0).topics(found),
    )
    assert after.complaint < before.complaint
    assert (after.categories, after.intents, after.risks) == (
        before.categories,
        before.intents,
        before.risks,
    )


@pytest.mark.parametrize("unit", ["投诉", "a", "\x00\ud800", "退 款 ", "!?", "👍"])
def test_the_work_on_a_hostile_text_is_bounded(judge: TextJudge, unit: str) -> None:
    long = calls(lambda: judged(judge, unit * 10_000))
    assert calls(lambda: judged(judge, unit * 40_000)) <= long + 50
    assert 0 <= judged(judge, unit * 10_000).complaint <= 1


LONG = "".join(map(chr, range(0x4E00, 0x4E00 + 3_000)))


def test_texts_have_the_same_scores_together_as_alone() -> None:
    even = Undecided().probabilities([""])[0]
    texts = ["面包发霉了", LONG, "路过", "great shop, terrible queue"]
    features = topic_features_of_all(texts, [even] * len(texts))
    together = shipped_model().scores_of_all(features)
    for row, text in zip(together, texts, strict=True):
        assert np.array_equal(row, shipped_model().scores(topic_features(text, even)))


@pytest.mark.parametrize("weight", [-127, 127])
def test_the_weights_of_a_long_text_do_not_overflow(weight: int) -> None:
    size = len(LABELS)
    model = TopicModel(
        table=np.full((1 << CELL_BITS, size), weight, np.int8),
        unit=np.ones(size, np.float32),
        dense=np.zeros((len(dense_names()), size), np.float32),
        bias=np.zeros(size, np.float32),
    )
    features = topic_features(LONG, Undecided().probabilities([""])[0])
    assert len(features.cells) > 1_000
    expected = weight * len(features.cells) ** 0.5
    assert model.scores(features) == pytest.approx(np.full(size, expected), rel=1e-6)
