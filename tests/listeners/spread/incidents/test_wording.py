import pytest

from cli.catalogue import shipped_catalogue
from core.localized import UiLanguage
from core.taxonomy import RISKS
from listeners.spread.cascades.forecast import Forecast
from listeners.spread.grouping.vocabulary import name_patterns
from listeners.spread.incidents.severity import IncidentFacts, assess
from listeners.spread.incidents.wording import (
    IncidentTexts,
    shortened,
    without_leading_name,
)

TEXTS = IncidentTexts(shipped_catalogue())
LONG = (
    "给娃买的禾家自制吐司，江湾店昨天的小票还在，打开整片发霉，绿的黑的都有，"
    "娃已经咬了一口，我手都在抖"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("面包发霉了", "面包发霉了"),
        ("天哪//@甲:顶//@乙:禾家朝阳店的面包\n发霉了 http://t.cn/x", "禾家朝阳店的面包 发霉了"),
        (LONG, "给娃买的禾家自制吐司，江湾店昨天的小票还在，打开整片发霉，绿的黑的都有…"),
        ("啊" * 60, "啊" * 40 + "…"),
        ("@禾家超市", "@禾家超市"),
        ("", ""),
    ],
)
def test_a_headline_is_the_beginning_of_a_post(text: str, expected: str) -> None:
    assert shortened(text) == expected


@pytest.mark.parametrize(
    ("language", "grave"),
    [
        ("zh", "有两人以上提到严重伤害：食物中毒、死亡"),
        ("en", "Two people or more tell of grave harm: food poisoning, death"),
    ],
)
def test_risks_are_named_in_the_language_of_staff(language: UiLanguage, grave: str) -> None:
    facts = IncidentFacts(harm=0.9, risk=tuple((kind, 2) for kind in ("food_poisoning", "death")))
    assert TEXTS.reason_lines(assess(facts), language)[0] == grave
    every = IncidentFacts(harm=0.9, risk=tuple((kind, 1) for kind in RISKS))
    [told] = TEXTS.reason_lines(assess(every), language)
    assert "_" not in told
    assert language == "en" or not any(kind in told for kind in RISKS)


def test_no_fact_is_repeated() -> None:
    facts = IncidentFacts(
        authors=1234,
        harm=0.9,
        forecast=2500.4,
        followers=396_515,
        risk=(("food_poisoning", 3), ("allergy", 1)),
    )
    told = TEXTS.reason_lines(assess(facts), "en")
    assert "Two people or more tell of grave harm: food poisoning" in told
    assert "Also named: allergy" in told, "beside what is grave"
    assert "Spreading fast: 1,234 authors in an hour" in told
    assert not any("different authors" in line for line in told), "that is said already"
    assert "An influential author: 396,515 followers" in told
    assert "Expected to go very far: posted or passed on about 2,500 times" in told
    assert len(TEXTS.reason_lines(assess(facts), "en", omit=("very_far",))) == len(told) - 1
    only = IncidentFacts(harm=0.9, risk=(("death", 2),))
    assert TEXTS.reason_lines(assess(only), "zh") == ["有两人以上提到严重伤害：死亡"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_forecast_figures_have_separators(language: UiLanguage) -> None:
    found = Forecast(final=12_345.6, low=900.2, high=1_234_567.0, observe=60.0, observed=9)
    line = TEXTS.forecast_line(found, language)
    assert all(figure in line for figure in ("12,346", "900", "1,234,567"))


NAMES = name_patterns({"hejia": ["禾家", "禾家超市", "Hejia"]})["hejia"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("禾家超市的面包发霉了", "面包发霉了"),
        ("禾家超市面包发霉", "面包发霉"),
        ("#禾家超市面包发霉#", "面包发霉"),
        ("【禾家】鸡蛋抽检不合格", "鸡蛋抽检不合格"),
        ("禾家：仓库起火", "仓库起火"),
        ("禾家 面包 发霉", "面包 发霉"),
        ("Hejia's milk is sour", "milk is sour"),
        ("Hejia, what is this", "what is this"),
        ("在禾家买到臭鸡蛋", "在禾家买到臭鸡蛋"),
        ("孩子喝了禾家的奶", "孩子喝了禾家的奶"),
        ("禾家", "禾家"),
        ("", ""),
    ],
)
def test_a_title_does_not_repeat_the_brand(text: str, left: str) -> None:
    assert without_leading_name(text, NAMES) == left
    assert without_leading_name(text, None) == text
