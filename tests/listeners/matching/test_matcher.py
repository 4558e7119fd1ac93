from dataclasses import replace

import pytest

from core.model.events import Event, EventKind, Quoted
from core.settings import BrandSettings
from listeners.matching.matcher import BrandMatcher
from listeners.matching.terms import TermIndex
from tests.builders import event

HEJIA = BrandSettings(id="hejia", name="禾家超市", terms=("禾家", "Hejia Market", "hejia"))
PINE = BrandSettings(
    id="pine",
    name="Pine",
    terms=("Pine", "松树"),
    required=("超市", "store"),
    excluded=("pine wood", "招聘"),
)


def matcher(default: str | None = None) -> BrandMatcher:
    return BrandMatcher((HEJIA, PINE), channel_brands={"pine-chat": "pine"}, default=default)


@pytest.mark.parametrize(
    "text",
    [
        "今天去禾家买菜",
        "禾 家的面包",
        "禾.家",
        "禾/家超市",
        "禾\u200b家",
        "HEJIA market is fine",
        "at Hejia!",
        "Hejia's bread",
        "Ｈｅｊｉａ",
        "h e j i a",
        "He-jia",
        "去hejia买",
    ],
)
def test_a_brand_is_found_however_it_is_written(text: str) -> None:
    assert matcher().brands_in(text) == ("hejia",)


@pytest.mark.parametrize(
    "text",
    ["", "我种了禾。家里人多", "hejiaxing", "he jiaxing", "the jia", "xhejia", "\x00\ud800", "🙂"],
)
def test_similar_words_are_not_found(text: str) -> None:
    assert matcher().brands_in(text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pine store is open", ("pine",)),
        ("Pine is open", ()),
        ("the Pine store sells pine wood", ("pine",)),
        ("a store sells pine wood", ()),
        ("松树超市", ("pine",)),
        ("松树超市招聘", ("pine",)),
        ("松树超市旁边的禾家", ("hejia", "pine")),
    ],
)
def test_required_and_excluded_words(text: str, expected: tuple[str, ...]) -> None:
    assert matcher().brands_in(text) == expected


def test_an_event_addressed_to_a_brand_concerns_it() -> None:
    found = matcher()
    assert found.match(event(text="几点关门", kind=EventKind.MESSAGE)) == ("hejia",)
    assert found.match(event(text="几点关门", solicited=True, channel="pine-chat")) == ("pine",)
    assert found.match(event(text="禾家呢", solicited=True, channel="pine-chat")) == (
        "hejia",
        "pine",
    )
    assert matcher(default="pine").match(event(text="hi", solicited=True)) == ("pine",)


@pytest.mark.parametrize(
    ("channel", "text", "expected"),
    [
        ("webchat", "几点关门", ("hejia",)),
        ("pine-chat", "几点关门", ("pine",)),
        ("webchat", "松树超市几点关门", ("pine",)),
        ("pine-chat", "禾家几点关门", ("hejia",)),
        ("pine-chat", "禾家和松树超市哪个近", ("hejia", "pine")),
    ],
)
def test_a_private_message_concerns_the_brand_it_names_else_its_channels(
    channel: str, text: str, expected: tuple[str, ...]
) -> None:
    said = event(text=text, kind=EventKind.MESSAGE, channel=channel)
    assert matcher().match(said) == expected


def test_a_public_post_without_a_name_concerns_no_brand() -> None:
    assert matcher().match(event(text="几点关门")) == ()


def test_a_term_needs_a_letter_or_digit() -> None:
    with pytest.raises(ValueError, match="no letter"):
        TermIndex(("!!!",))


def test_no_terms_find_nothing() -> None:
    assert TermIndex(()).find("禾家") == set()


THEIRS = Quoted(author="小李", text="禾家的面包发霉了")


@pytest.mark.parametrize(
    ("given", "brands"),
    [
        (event(text="", quoted=(THEIRS,)), ("hejia",)),
        (event(text="我也是", quoted=(replace(THEIRS, kind="answered"),)), ("hejia",)),
        (event(text="看", quoted=(Quoted(author="禾家", text="面包发霉了"),)), ()),
        (event(text="看", quoted=(Quoted(author="", text="", id="https://hejia.example/a"),)), ()),
        (
            event(
                text="看",
                quoted=(Quoted(author="", text="", id="https://hejia.example/a", kind="link"),),
            ),
            ("hejia",),
        ),
        (event(text="买了禾", quoted=(Quoted(author="", text="家里的面包"),)), ()),
        (event(text="骗人的", concerns_channel=True), ("hejia",)),
        (event(text="骗人的", concerns_channel=True, channel="pine-chat"), ("pine",)),
        (
            event(text="禾家更好", concerns_channel=True, channel="pine-chat"),
            ("hejia", "pine"),
        ),
        (event(text="骗人的"), ()),
    ],
)
def test_quoted_texts_addresses_and_what_the_connector_knows(
    given: Event, brands: tuple[str, ...]
) -> None:
    assert matcher().match(given) == brands
