"""The catalogue in memory."""

import pytest

from core.i18n import Catalogue, LanguageMessages, UnknownMessage

CATALOGUE = Catalogue(
    {
        "zh": LanguageMessages(
            messages={"posts": ("{n} 条",), "name": ("{a}",), "hi.1": ("你好",), "hi.2": ("您好",)},
            plural_form=lambda _: 0,
        ),
        "en": LanguageMessages(
            messages={"posts": ("one post of {who}", "{n} posts of {who}"), "hi.10": ("hello",)},
            plural_form=lambda number: int(number != 1),
        ),
    }
)


def test_fields_are_filled_in() -> None:
    assert CATALOGUE.say("name", "zh", a="{b}") == "{b}"
    assert CATALOGUE.say("name", "zh") == "{a}", "without values braces stay"


def test_a_plural_takes_the_form_of_its_language() -> None:
    assert CATALOGUE.plural("posts", "en", 1, who="x") == "one post of x"
    assert CATALOGUE.plural("posts", "en", 1200, who="x", n="1,200") == "1,200 posts of x"
    assert CATALOGUE.plural("posts", "zh", 3) == "3 条"
    assert CATALOGUE.find("posts", "en") == "one post of {who}"


def test_an_unknown_id_is_an_error_or_none() -> None:
    assert CATALOGUE.find("name", "en") is None
    with pytest.raises(UnknownMessage):
        CATALOGUE.say("name", "en")
    with pytest.raises(UnknownMessage):
        CATALOGUE.plural("name", "en", 1)
    with pytest.raises(UnknownMessage):
        CATALOGUE.variants("name")


def test_variants_are_ordered_by_number() -> None:
    assert CATALOGUE.variants("hi") == ("hi.1", "hi.2", "hi.10")


def test_names_of_variants_are_those_of_one_group() -> None:
    one = {f"a.{name}": (name,) for name in ("x.1", "x.2", "y.1", "b.z.1", "soon")}
    catalogue = Catalogue({"zh": LanguageMessages(messages=one, plural_form=lambda _: 0)})
    assert catalogue.names_of_variants("a") == {"x", "y"}
