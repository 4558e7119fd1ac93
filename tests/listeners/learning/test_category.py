"""Labels of categories move those categories and leave the others alone."""

import json
import random
from dataclasses import asdict
from io import StringIO
from pathlib import Path

import pytest

from cli.settings_file import parse
from core.errors import ConfigError, InputError
from core.taxonomy import CATEGORIES
from listeners.factory import build_understanding
from listeners.judgement.adaptation import Adaptation, read_adaptation, write_adaptation
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment.linear import load
from listeners.judgement.sentiment.model_file import BUCKET_BITS
from listeners.judgement.topics import VERSION, CategoryShift, shipped_model
from listeners.learning.adapt import adapt_all, adapt_and_report
from listeners.learning.labels import Label
from listeners.learning.topics import CategoryResult, adapt_category
from tests.listeners.learning.test_adapt import CONFIG

SENTENCES = Path(__file__).parents[3] / "listeners" / "learning" / "training" / "complaints.jsonl"


def jargon(count: int) -> list[Label]:
    """Words that mean something to this brand alone."""
    return [
        Label(
            text=f"今天又{'磔砢' if number % 2 else '璆琳'}了{chr(0x4E00 + number)}",
            category="membership" if number % 2 else "checkout",
        )
        for number in range(count)
    ]


def shoppers(count: int) -> list[tuple[str, str]]:
    """Sentences with what the model that ships makes of them."""
    rows = [json.loads(line) for line in SENTENCES.read_text("utf-8").splitlines()]
    texts = random.Random(5).sample([row["text"] for row in rows], count)
    judge = TextJudge(load())
    return [(text, judge.judge_now([text])[0].category) for text in texts]


def sorted_out(labels: list[tuple[str, str]]) -> CategoryResult:
    judge = TextJudge(load())
    seen = [(judge.features(text), category) for text, category in labels]
    kept = [(found, category) for found, category in seen if found is not None]
    return adapt_category(shipped_model(), [one for one, _ in kept], [name for _, name in kept])


def test_words_of_a_brand_are_learned_and_applied(tmp_path: Path) -> None:
    out = StringIO()
    assert adapt_and_report(jargon(60), tmp_path / "adaptation.json", out=out) == 0
    told = out.getvalue()
    assert "category after           60" in told
    assert "sentiment           too few labels" in told
    settings = parse('adaptation = "adaptation.json"\n' + CONFIG, {})
    judge = build_understanding(settings, tmp_path).judge
    found = judge.judge_now(["他们又磔砢了，唉", "他们又璆琳了，唉"])
    assert [one.category for one in found] == ["membership", "checkout"]
    plain = TextJudge(load()).judge_now(["他们又磔砢了，唉", "他们又璆琳了，唉"])
    assert [one.category for one in plain] != ["membership", "checkout"]
    assert [one.sentiment for one in plain] == [one.sentiment for one in found]


def test_a_few_labels_leave_other_texts_as_they_are() -> None:
    learned = sorted_out([(one.text, one.category or "") for one in jargon(40)])
    assert learned.shift is not None
    assert learned.after.accuracy > learned.before.accuracy + 0.3
    before = TextJudge(load())
    after = TextJudge(load(), topics=shipped_model().with_category_shift(learned.shift))
    others = [text for text, _ in shoppers(300)]
    same = [
        one.category == other.category
        for one, other in zip(before.judge_now(others), after.judge_now(others), strict=True)
    ]
    assert sum(same) / len(same) > 0.96


def test_only_what_proves_better_is_kept() -> None:
    chance, kept = random.Random(2), []
    for noise in (0.0, 0.3, 1.0):
        labels = [
            (text, chance.choice(CATEGORIES) if chance.random() < noise else category)
            for text, category in shoppers(120)
        ]
        learned = sorted_out(labels)
        kept.append(learned.shift is not None)
        assert kept[-1] == learned.after.better_than(learned.before)
    assert not all(kept)


def test_categories_need_thirty_labels_of_two_kinds() -> None:
    with pytest.raises(InputError, match="too few"):
        adapt_all(load(), jargon(29))
    with pytest.raises(InputError, match="too few"):
        adapt_all(load(), [Label(text=one.text, category="staff") for one in jargon(60)])
    silent = [Label(text=f"{'?' * n}", category="staff" if n % 2 else "app") for n in range(60)]
    assert adapt_all(load(), silent).category is None


def shift(**changes: object) -> dict[str, object]:
    whole = CategoryShift(
        cells=(1, 7), moves=((1,) * len(CATEGORIES),) * 2, bias=(0.5,) * len(CATEGORIES)
    )
    return asdict(whole) | changes


def written(path: Path, categories: object, *, topics: str = VERSION) -> None:
    write_adaptation(
        Adaptation(model=load().name, labels=40, slope=1.0, bias=(0.0, 0.0, 0.0), topics=topics),
        path,
    )
    whole = json.loads(path.read_text("utf-8")) | {"categories": categories}
    path.write_text(json.dumps(whole), encoding="utf-8")


def test_the_file_carries_the_categories(tmp_path: Path) -> None:
    written(tmp_path / "a.json", shift())
    found = read_adaptation(tmp_path / "a.json", load().name, buckets=1 << BUCKET_BITS)
    assert found.categories is not None
    assert asdict(found.categories) == shift()


@pytest.mark.parametrize(
    "categories",
    [
        [],
        shift(cells=[1]),
        shift(cells=[1, 1 << 15]),
        shift(cells=[-1, 2]),
        shift(moves=[[1], [2]]),
        shift(bias=[0.5]),
        shift(bias=[float("nan")] * len(CATEGORIES)),
        shift(moves=None),
    ],
)
def test_damaged_categories_are_refused(tmp_path: Path, categories: object) -> None:
    written(tmp_path / "a.json", categories)
    with pytest.raises(ConfigError, match=r"cannot be read.*run adapt again"):
        read_adaptation(tmp_path / "a.json", load().name, buckets=1 << BUCKET_BITS)


def test_categories_of_another_model_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "a.json", shift(), topics="topics-0")
    with pytest.raises(ConfigError, match="made for topics-0"):
        read_adaptation(tmp_path / "a.json", load().name, buckets=1 << BUCKET_BITS)
