"""What is said: in both languages, with every field known, through the gate's eyes."""

import pytest

from core.errors import ConfigError
from core.taxonomy import Language
from responders.templates import (
    LANGUAGES,
    TextLanguage,
    parse_catalogue,
    shipped_catalogue,
    text_language,
)

MINIMAL = """
[shopper]
hi = ["a {number}", "b {number}"]
within_minutes = ["{count}"]
[staff]
note = ["{reason}"]
"""


def test_a_text_is_the_same_for_the_same_seed_and_differs_by_turn() -> None:
    texts = parse_catalogue({"zh": MINIMAL, "en": MINIMAL})
    said = [texts.say("hi", "zh", seed="k", turn=turn, number="T-1") for turn in range(3)]
    assert set(said) == {"a T-1", "b T-1"}
    assert said[0] == said[2] == texts.say("hi", "en", seed="k", number="T-1")
    assert texts.variants("hi", "zh") == 2
    assert texts.shopper_keys == {"hi"}


def test_seeds_spread_over_the_variants() -> None:
    texts = shipped_catalogue()
    for language in LANGUAGES:
        said = {texts.say("thanks", language, seed=f"web:{n}:auto") for n in range(50)}
        assert len(said) == texts.variants("thanks", language)


def test_a_seed_with_broken_unicode_is_a_seed() -> None:
    assert shipped_catalogue().say("thanks", "zh", seed="\ud800")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_acknowledgement_names_the_ticket_and_promises_a_person_in_time(
    language: TextLanguage,
) -> None:
    texts = shipped_catalogue()
    within = texts.within(240, language)
    for key in ("acknowledgement", "urgent", "serious", "care", "handover", "order_status"):
        for turn in range(texts.variants(key, language)):
            said = texts.say(key, language, turn=turn, number="T-1001", within=within)
            assert "T-1001" in said
            assert within in said
            assert any(w in said for w in ("person", "colleague", "team", "同事", "人")), said


@pytest.mark.parametrize(
    ("minutes", "chinese", "english"),
    [
        (-5, "尽快", "as soon as possible"),
        (0, "尽快", "as soon as possible"),
        (0.5, "1 分钟内", "within one minute"),
        (15, "15 分钟内", "within 15 minutes"),
        (14.2, "15 分钟内", "within 15 minutes"),
        (59.5, "1 小时内", "within one hour"),
        (60, "1 小时内", "within one hour"),
        (240, "4 小时内", "within 4 hours"),
        (1440, "24 小时内", "within 24 hours"),
        (3000, "3 天内", "within 3 days"),
    ],
)
def test_a_time_limit_in_words(minutes: float, chinese: str, english: str) -> None:
    texts = shipped_catalogue()
    assert texts.within(minutes, "zh") == chinese
    assert texts.within(minutes, "en") == english


@pytest.mark.parametrize(
    ("language", "before", "expected"),
    [
        ("zh", "en", "zh"),
        ("en", "zh", "en"),
        ("mixed", "en", "zh"),
        ("other", "en", "en"),
        ("other", "zh", "zh"),
        ("other", "other", "zh"),
        ("other", None, "zh"),
    ],
)
def test_the_language_of_a_reply(
    language: Language, before: Language | None, expected: TextLanguage
) -> None:
    assert text_language(language, before) == expected


def test_every_mistake_of_both_files_is_reported() -> None:
    broken = '[shopper]\nhi = ["{nobody}", "{", "ok"]\nbye = []\n[staff]\n'
    with pytest.raises(ConfigError) as caught:
        parse_catalogue({"zh": broken, "en": "["})
    assert {problem.key for problem in caught.value.problems} == {"zh.shopper.bye", "en"}
    with pytest.raises(ConfigError) as caught:
        parse_catalogue({"zh": broken.replace("bye = []", 'bye = ["x"]'), "en": MINIMAL})
    assert [problem.key for problem in caught.value.problems] == [
        "zh.hi[0]",
        "zh.hi[1]",
        "shopper.bye",
        "shopper.within_minutes",
        "staff.note",
    ]
