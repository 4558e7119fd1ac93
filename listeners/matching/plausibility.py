"""Whether a name found in a text is meant as the name, or comes about by chance.

Three things produce names by chance: longer words and amounts (``南京东路``, ``一盒马卡龙``),
people (``张永辉``; ``何佳``, who sounds like ``禾家``), and words that sound or look alike
(``和家人``). The evidence is the likeliest way to cut the text into words (``segmentation.py``) and
what stands around the span (``plausibility.toml``). Nothing here knows a brand.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from core.text import BREAK, HAN
from listeners.matching.segmentation import is_crossed, is_in_idiom, margin, word_cost

_LISTS: Final = Path(__file__).with_name("plausibility.toml")
_ASIDE: Final = "(?:的|家的|里的|这次的?|今天的?|最近的?|新出的?)?"
_LOOK_BACK: Final = 6
_NEARBY: Final = 60
"""Characters on either side in which a thing of a shop supports an obfuscated name."""

_NAME_COST: Final = 9.0
"""Cost of a configured name as a word: that of the eight thousandth part of all words."""
_SPLIT_COST: Final = 4.0
_SHOP_AFTER: Final = 5.0
_SHOP_BEFORE: Final = 2.0
_LEAST_PLAIN: Final = 2.0
"""Nats by which the name has to be likelier than words that cross its boundary."""

_LONGEST_PERSON: Final = 3
"""Syllables of a person's name."""

_SHORT: Final = 2
_LEAST_BEFORE_SHOP: Final = 6.0
_LEAST_AT_SHOP: Final = 15.0
_LEAST_NEAR_SHOP: Final = (18.0, 16.0)
_LEAST_ALONE: Final = (25.0, 24.0)
"""Cost in nats of the ordinary words that an obfuscated name needs: of two characters, of more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Evidence:
    shop_after: re.Pattern[str]
    goods_after: re.Pattern[str]
    near: re.Pattern[str]
    before: re.Pattern[str]
    before_other: re.Pattern[str]
    surnames: frozenset[str]
    words_too: frozenset[str]
    given: frozenset[str]
    title_first: frozenset[str]
    title_after: re.Pattern[str]
    person_after: re.Pattern[str]
    person_before: re.Pattern[str]
    particles: frozenset[str]
    units: frozenset[str]
    amount: re.Pattern[str]
    date: re.Pattern[str]


def reads_as_name(form: str, start: int, end: int, *, split: bool) -> bool:
    """True where a span of a compact form that spells a name means it.

    ``split``: whether signs stand between the characters of the span.
    """
    if form[start:end].isascii():
        return True
    evidence = _evidence()
    shop_after = evidence.shop_after.match(form, end) is not None
    if not shop_after and (
        _is_counted(form, start, evidence) or _is_person(form, start, end, evidence)
    ):
        return False
    if is_in_idiom(form, start, end):
        return False
    if not is_crossed(form, start, end):
        return True
    before = _before(form, start)
    known = word_cost(form[start:end])
    cost = min(_NAME_COST, known or _NAME_COST) + _SPLIT_COST * split
    bonus = _SHOP_AFTER * shop_after + _SHOP_BEFORE * bool(evidence.before.search(before))
    return margin(form, start, end, as_word=False) - cost + bonus >= _LEAST_PLAIN


def reads_as_obfuscated(form: str, start: int, end: int) -> bool:
    """True where a span of a compact form that looks or sounds like a name is meant as the name.

    A span in Chinese has to be an unlikely sequence of words; how unlikely depends on what points
    to a shop. What can be the name of a person needs a shop right beside it.
    """
    if not all(map(HAN.match, form[start:end])):
        return True
    least = _least_cost(form, start, end)
    return least is not None and margin(form, start, end, as_word=True) >= least


def _least_cost(form: str, start: int, end: int) -> float | None:
    """Cost of the ordinary words that an obfuscated name needs; ``None`` where it is none."""
    evidence, surface, before = _evidence(), form[start:end], _before(form, start)
    if evidence.shop_after.match(form, end):
        return _LEAST_BEFORE_SHOP
    at_shop = evidence.before.search(before) or evidence.goods_after.match(form, end)
    if _is_name_of_person(surface, evidence):
        beside = evidence.person_before.search(before) or evidence.person_after.match(form, end)
        return _LEAST_AT_SHOP if at_shop and not beside else None
    if at_shop or evidence.before_other.search(before):
        return _LEAST_AT_SHOP
    if surface[-1] in evidence.particles and form[end : end + 1] in {"", BREAK}:
        return None
    near = _has_shop_near(form, start, end)
    return (_LEAST_NEAR_SHOP if near else _LEAST_ALONE)[len(surface) > _SHORT]


def reads_as_pinyin(form: str, start: int, end: int, *, words: int) -> bool:
    """True where pinyin written as ``words`` words is meant as the name, and is no person's.

    ``He Jia`` is a person as well: up to three words need a shop nearby.
    """
    if words == 1 or words > _LONGEST_PERSON:
        return True
    evidence = _evidence()
    return bool(evidence.before.search(_before(form, start))) or _has_shop_near(form, start, end)


def _has_shop_near(form: str, start: int, end: int) -> bool:
    """True where a thing of a shop is named close to the span."""
    around = form[max(0, start - _NEARBY) : start] + BREAK + form[end : end + _NEARBY]
    return _evidence().near.search(around) is not None


def begins_like_shop(text: str) -> bool:
    """True where a text that follows a name goes on as a shop's does: ``官方``, ``的面包``."""
    evidence = _evidence()
    return bool(evidence.shop_after.match(text) or evidence.goods_after.match(text))


def _before(form: str, start: int) -> str:
    return form[max(0, start - _LOOK_BACK) : start].rpartition(BREAK)[2]


def _is_counted(form: str, start: int, evidence: _Evidence) -> bool:
    """True where the first character counts things: ``一盒|马卡龙``, not ``双十一|盒马``."""
    if start == 0 or form[start] not in evidence.units:
        return False
    before = _before(form, start)
    return evidence.amount.search(before + form[start]) is not None and not evidence.date.search(
        before
    )


def _is_person(form: str, start: int, end: int, evidence: _Evidence) -> bool:
    """True where a span that can be a given name has a surname before it or a title after it."""
    surname = form[start - 1 : start]
    if surname not in evidence.surnames and form[end : end + 1] not in evidence.title_first:
        return False
    by_title = evidence.title_after.match(form, end)
    if not (by_title or surname in evidence.surnames) or end - start > _SHORT:
        return False
    if not all(char in evidence.given for char in form[start:end]):
        return False
    if by_title:
        return True
    before = _before(form, start)
    if len(before) == 1:
        return True
    longer = any(word_cost(before[-size:]) is not None for size in range(2, len(before) + 1))
    counted = longer or evidence.amount.search(before) is not None
    return not counted and surname not in evidence.words_too


def _is_name_of_person(surface: str, evidence: _Evidence) -> bool:
    """True for a surname with a given name, and for a given name of two characters."""
    if not 2 <= len(surface) <= 3 or not all(char in evidence.given for char in surface[1:]):
        return False
    return surface[0] in evidence.surnames or (len(surface) == 2 and surface[0] in evidence.given)


@cache
def _evidence() -> _Evidence:
    tables = tomllib.loads(_LISTS.read_text(encoding="utf-8"))
    shop, people, measures = tables["shop"], tables["people"], tables["measures"]
    amounts = f"(?:(?<!\\d)\\d{{1,3}}|[{measures['amounts']}])"
    return _Evidence(
        shop_after=re.compile("的?" + _any_of(shop["after"])),
        goods_after=re.compile(f"{_ASIDE}[^{BREAK}]{{0,2}}?" + _any_of(shop["goods"])),
        near=re.compile(_any_of(shop["near"])),
        before=re.compile(_any_of(shop["before"]) + "$"),
        before_other=re.compile(_any_of(shop["before_other"]) + "$"),
        surnames=frozenset("".join(people["surnames"].split())),
        words_too=frozenset(people["words_too"]),
        given=frozenset("".join(people["given"].split())),
        title_first=frozenset(title[0] for title in people["titles"].split()),
        title_after=re.compile(_any_of(people["titles"])),
        person_after=re.compile(_any_of(people["titles"] + people["after"])),
        person_before=re.compile(_any_of(people["before"]) + "$"),
        particles=frozenset(tables["particles"]),
        units=frozenset("".join(measures["units"].split())),
        amount=re.compile(amounts + _any_of(measures["units"]) + "$"),
        date=re.compile(_any_of(measures["dates"]) + "$"),
    )


def _any_of(words: str) -> str:
    return f"(?:{'|'.join(words.split())})"
