import pytest

from core.wording import Tongue
from listeners.risks import KINDS
from listeners.spread.severity import Facts, assess
from listeners.spread.wording import headline, reasons

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
def test_a_matter_is_called_by_the_beginning_of_a_post(text: str, expected: str) -> None:
    assert headline(text) == expected


@pytest.mark.parametrize(
    ("language", "grave"),
    [
        ("zh", "有两人以上提到严重伤害：食物中毒、死亡"),
        ("en", "Two people or more tell of grave harm: food poisoning, death"),
    ],
)
def test_harm_is_named_in_the_language_of_staff(language: Tongue, grave: str) -> None:
    facts = Facts(negative=0.9, risk=tuple((kind, 2) for kind in ("food_poisoning", "death")))
    assert reasons(assess(facts), language)[0] == grave
    every = Facts(negative=0.9, risk=tuple((kind, 1) for kind in KINDS))
    [told] = reasons(assess(every), language)
    assert "_" not in told
    assert language == "en" or not any(kind in told for kind in KINDS)
