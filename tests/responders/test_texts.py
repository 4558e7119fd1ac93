"""Texts for shoppers: variants in turn, a person promised in time, the language of a reply."""

import pytest

from cli.catalogue import shipped_catalogue
from core.i18n import Catalogue, LanguageMessages
from core.localized import UI_LANGUAGES, UiLanguage
from core.taxonomy import Language
from responders.texts import ShopperTexts, playbook_texts, reply_language

TEXTS = ShopperTexts(shipped_catalogue())
MINIMAL = LanguageMessages(
    messages={
        "shopper.hi.1": ("a {number}",),
        "shopper.hi.2": ("b {number}",),
        "shopper.command.stopped.1": ("c",),
        "shopper.within.soon": ("d",),
        "staff.note": ("e",),
    },
    plural_form=lambda _: 0,
)


def test_a_text_is_the_same_for_the_same_seed_and_differs_by_turn() -> None:
    texts = ShopperTexts(Catalogue({"zh": MINIMAL, "en": MINIMAL}))
    said = list(texts.in_turn("hi", "zh", seed="k", number="T-1"))
    assert sorted(said) == ["a T-1", "b T-1"]
    assert said == list(texts.in_turn("hi", "en", seed="k", number="T-1"))


def test_a_playbook_may_name_no_text_of_a_command() -> None:
    assert playbook_texts(Catalogue({"zh": MINIMAL, "en": MINIMAL})) == {"hi"}
    assert {"acknowledgement", "holding", "thanks"} <= playbook_texts(shipped_catalogue())


def test_seeds_spread_over_the_variants() -> None:
    for language in UI_LANGUAGES:
        said = {next(TEXTS.in_turn("thanks", language, seed=f"web:{n}:auto")) for n in range(50)}
        assert said == set(TEXTS.in_turn("thanks", language))


def test_a_seed_with_broken_unicode_is_a_seed() -> None:
    assert next(TEXTS.in_turn("thanks", "zh", seed="\ud800"))


@pytest.mark.parametrize("language", UI_LANGUAGES)
def test_every_acknowledgement_names_the_ticket_and_promises_a_person_in_time(
    language: UiLanguage,
) -> None:
    within = TEXTS.within(240, language)
    for key in ("acknowledgement", "urgent", "serious", "care", "handover", "order_status"):
        for said in TEXTS.in_turn(key, language, number="T-1001", within=within):
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
    assert TEXTS.within(minutes, "zh") == chinese
    assert TEXTS.within(minutes, "en") == english


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
    language: Language, before: Language | None, expected: UiLanguage
) -> None:
    assert reply_language(language, before) == expected
