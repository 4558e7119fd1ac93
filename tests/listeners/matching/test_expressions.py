import logging

import pytest

from core.errors import ConfigError
from core.settings import BrandSettings
from listeners.matching.expressions import TIME_LIMIT, ExpressionError, Phrase, parse
from listeners.matching.matcher import BrandMatcher


def matches(expression: str, text: str) -> bool:
    brand = BrandSettings(id="b", name="b", terms=(expression,))
    return BrandMatcher((brand,), channel_brands={}, default=None).brands_in(text) == ("b",)


@pytest.mark.parametrize(
    ("expression", "yes", "no"),
    [
        (
            '"禾家" AND (面包 OR 蛋糕) NOT 招聘',
            ["禾家的面包", "蛋糕在禾家买的", "禾 家的麵包"],
            ["禾家", "面包", "禾家蛋糕店招聘"],
        ),
        ("禾家 OR 永辉", ["禾家", "永辉"], ["盒马生鲜"]),
        ("Hejia Market AND bread", ["bread at Hejia Market"], ["bread at Hejia", "Hejia Market"]),
        ("禾家 NEAR/3 发霉", ["禾家面包发霉了", "发霉！禾家"], ["禾家的面包和牛奶都发霉了"]),
        (
            "hejia NEAR/2 mould",
            ["Hejia sells mould", "mould at Hejia"],
            ["Hejia has a lot of mould"],
        ),
        ("(禾家 OR 永辉) NEAR/0 面包", ["永辉面包"], ["永辉的面包"]),
        ("禾家 AND NOT 招聘", ["禾家真好"], ["禾家招聘"]),
        ("禾家 AND NOT (招聘 OR 求职)", ["禾家真好"], ["禾家求职", "禾家招聘"]),
        (r"/订单号?\d{6,}/", ["订单123456", "订单号1234567"], ["订单12345"]),
        (r"禾家 AND /\b(bread|cake)s?\b/", ["禾家 BREADS"], ["禾家 breadth", "bread"]),
        (r"禾家 NEAR/9 /面包/", [], ["禾家面包"]),
        ('"AND"', ["this and that"], ["this or that"]),
    ],
)
def test_an_expression(expression: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not matches(expression, text)] == []
    assert [text for text in no if matches(expression, text)] == []


@pytest.mark.parametrize("name", ["Marks and Spencer", "Pine (UK)", "A/B Market", "ORANGE", "/"])
def test_a_plain_name_is_a_phrase(name: str) -> None:
    assert parse(name) == Phrase(text=name)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("NOT 招聘", "NOT alone"),
        ("禾家 AND", "a word is missing at the end"),
        ("AND 禾家", "at character 1: a word is missing before 'AND'"),
        ("禾家 OR OR 永辉", "at character 7: a word is missing before 'OR'"),
        ("(禾家 OR 永辉", "at character 1: this bracket is not closed"),
        ("禾家 OR 永辉)", "at character 9: expected AND, OR or NOT"),
        ('禾家 AND "面包', "quotation mark is not closed"),
        ("(" * 50 + "禾家 OR 永辉" + ")" * 50, "brackets nested"),
    ],
)
def test_a_malformed_expression_is_reported_with_its_position(
    expression: str, problem: str
) -> None:
    with pytest.raises(ExpressionError, match=problem):
        parse(expression)


def test_all_malformed_terms_are_reported_at_once() -> None:
    brands = (
        BrandSettings(id="one", name="1", terms=("NOT x", "!!!"), required=("/(/",)),
        BrandSettings(id="two", name="2", terms=("fine",), excluded=("AND",)),
    )
    with pytest.raises(ConfigError) as caught:
        BrandMatcher(brands, channel_brands={}, default=None)
    assert [problem.key for problem in caught.value.problems] == [
        "brands[0].terms[0]",
        "brands[0].terms[1]",
        "brands[0].required[0]",
        "brands[1].excluded[0]",
    ]
    assert "not a regular expression" in caught.value.problems[2].message


def test_a_slow_regular_expression_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert not matches(r"/(a|aa)+$/", "a" * 5000 + "b")
    assert "exceeded its time limit" in caplog.text
    assert TIME_LIMIT <= 0.05, "seconds of the thread that matches"


def test_expressions_may_be_required_or_excluded() -> None:
    brand = BrandSettings(
        id="b", name="b", terms=("禾家",), required=("面包 OR 蛋糕",), excluded=("招聘 AND 店员",)
    )
    matcher = BrandMatcher((brand,), channel_brands={}, default=None)
    assert matcher.brands_in("禾家面包招聘") == ("b",)
    assert matcher.brands_in("禾家面包店招聘店员") == ()
    assert matcher.brands_in("禾家招聘") == ()
