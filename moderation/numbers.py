"""Recognises personal numbers: phones, resident identity numbers, bank cards.

A number counts only where its check digit or numbering plan confirms it and the words around it do
not mark it as an order, a post or part of a name. Texts are searched in the form that
``core.text.ascii_lookalikes`` gives them: wide, circled and spaced digits are read as well.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

import phonenumbers
from stdnum import luhn
from stdnum.cn import ric

Span = tuple[int, int, str]
"""Start, end and kind of what is to be masked."""

_SEPARATORS: Final = r"[\s\-‐-―−_.·•~*()\u00ad\u200b-\u200f\u2060\u20e3\ufe0f\ufeff]"
_GROUP: Final = re.compile(r"[0-9]+")
_GAP: Final = re.compile(_SEPARATORS + "{1,3}")
_MAX_DIGITS: Final = 24

_PROVINCES: Final = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_MOBILE_SHAPES: Final = frozenset({(11,), (3, 4, 4), (4, 4, 3), (3, 3, 5), (3, 8), (7, 4), (5, 6)})
_ID_SHAPES: Final = frozenset({(18,), (6, 8, 4), (6, 4, 4, 4), (3, 3, 4, 4, 4), (4, 4, 4, 4, 2)})
_OLD_ID_SHAPES: Final = frozenset({(15,), (6, 6, 3)})
_CARD_SHAPES: Final = frozenset(
    {(4, 4, 4, 4), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (6, 13), (4, 6, 5)}
)
_CARD_PREFIX: Final = re.compile(r"3[4578]|4|5[1-5]|2[2-7]|6[0-9]|9558|9[0-9]")
_BARE_CARD_PREFIX: Final = re.compile(r"6[02]|9558")
_PHONE_WORD: Final = re.compile(
    r"(?:电话|手机|座机|联系|致电|来电|号码|热线|打给|短信|微信|薇信|phone|tel|mobile|cell|call"
    r"|contact|whatsapp|wechat|vx|wx|qq)[^0-9]{0,10}$",
    re.IGNORECASE,
)
_CARD_WORD: Final = re.compile(
    r"(?:卡号|银行卡|信用卡|借记卡|储蓄卡|账号|账户|card|account)[^0-9]{0,12}$", re.IGNORECASE
)
_ID_WORD: Final = re.compile(
    r"(?:身份证|证件|resident id|id card|identity)[^0-9]{0,12}$", re.IGNORECASE
)
_ORDER_WORD: Final = re.compile(
    r"(?:订单|单号|运单|快递|流水|编号|小票|条码|货号|批号|序列|帖子?|微博|mid|post"
    r"|order|tracking|ticket|serial|sku|barcode|receipt|batch|ref)[^0-9]{0,10}$",
    re.IGNORECASE,
)
_STUCK_BEFORE: Final = re.compile(r"[A-Za-z_=/&?#¥$€£@\\]$")
_ANNOUNCED_STUCK: Final = re.compile(
    r"(?:tel|phone|mobile|cell|call|vx|wx|v|qq)[=:]?$|(?:手机号?|电话)=$", re.IGNORECASE
)
_STUCK_AFTER: Final = re.compile(r"[A-Za-z_@%]|/[A-Za-z0-9]")
_CHECK_X: Final = re.compile(r"[\s\-]?[Xx](?![A-Za-z0-9_])")
_LOOK_BACK: Final = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class DigitRun:
    """Adjacent groups of digits with only separators between them."""

    start: int
    end: int
    digits: str
    shape: tuple[int, ...]
    """Length of each group."""


def digit_chains(view: str) -> Iterator[list[tuple[int, int]]]:
    """Maximal sequences of digit groups, as (start, end), with only separators between them."""
    chain: list[tuple[int, int]] = []
    for found in _GROUP.finditer(view):
        if chain and not _GAP.fullmatch(view, chain[-1][1], found.start()):
            yield chain
            chain = []
        chain.append(found.span())
    if chain:
        yield chain


def runs_from(view: str, chain: list[tuple[int, int]], first: int) -> Iterator[DigitRun]:
    """The runs of at most 24 digits that start with group ``first``, longest first."""
    runs: list[DigitRun] = []
    digits = ""
    shape: tuple[int, ...] = ()
    for start, end in chain[first:]:
        if len(digits) + end - start > _MAX_DIGITS:
            break
        digits += view[start:end]
        shape = (*shape, end - start)
        runs.append(DigitRun(start=chain[first][0], end=end, digits=digits, shape=shape))
    yield from reversed(runs)


def numbers(view: str) -> Iterator[Span]:
    """Personal numbers in a folded text, in order and without overlap."""
    for chain in digit_chains(view):
        first = 0
        while first < len(chain):
            span, used = _longest(view, chain, first)
            if span is not None:
                yield span
            first += used


def _longest(view: str, chain: list[tuple[int, int]], first: int) -> tuple[Span | None, int]:
    """The longest personal number that starts at group ``first``, and the groups consumed."""
    for run in runs_from(view, chain, first):
        if not 7 <= len(run.digits) <= 19:
            continue
        before = view[max(0, run.start - _LOOK_BACK) : run.start]
        kind = _kind(view, run, before)
        if kind is not None and not _is_stuck(view, run, before):
            start = run.start - (kind == "phone" and before.endswith(("+", "(")))
            return (start, max(run.end, _x_end(view, run)), kind), len(run.shape)
    return None, 1


def _kind(view: str, run: DigitRun, before: str) -> str | None:
    if _is_id(view, run, before) or _is_old_id(run, before):
        return "id"
    if _is_card(run, before):
        return "card"
    return "phone" if _is_phone(run, before) else None


def _is_stuck(view: str, run: DigitRun, before: str) -> bool:
    """True where the number is part of a name, a path, an amount or an ``@name``."""
    if _STUCK_BEFORE.search(before) and not _ANNOUNCED_STUCK.search(before):
        return True
    return not _x_end(view, run) and _STUCK_AFTER.match(view, run.end) is not None


def _x_end(view: str, run: DigitRun) -> int:
    """End of the X that stands for check digit 10 of an identity number, or 0."""
    found = _CHECK_X.match(view, run.end) if len(run.digits) == 17 else None
    return found.end() if found else 0


def _is_id(view: str, run: DigitRun, before: str) -> bool:
    number, shape = run.digits, run.shape
    if _x_end(view, run):
        number, shape = number + "X", (*shape[:-1], shape[-1] + 1)
    if len(number) != 18 or not _PROVINCES.match(number) or not _is_date(number[6:14]):
        return False
    sound = ric.calc_check_digit(number) == number[17] and (
        shape in _ID_SHAPES or shape == (6, 8, 3, 1) or set(shape) == {1}
    )
    return sound or _ID_WORD.search(before) is not None


def _is_old_id(run: DigitRun, before: str) -> bool:
    number = run.digits
    return (
        len(number) == 15
        and (run.shape in _OLD_ID_SHAPES or set(run.shape) == {1})
        and _PROVINCES.match(number) is not None
        and _is_date("19" + number[6:12])
        and not _ORDER_WORD.search(before)
    )


def _is_card(run: DigitRun, before: str) -> bool:
    number, shape = run.digits, run.shape
    if not (len(number) >= 14 and _CARD_PREFIX.match(number) and luhn.is_valid(number)):
        return False
    if _CARD_WORD.search(before):
        return True
    written_as_card = (
        shape in _CARD_SHAPES
        or set(shape) == {1}
        or (len(shape) == 1 and len(number) >= 16 and _BARE_CARD_PREFIX.match(number))
    )
    return bool(written_as_card) and not _ORDER_WORD.search(before)


def _is_phone(run: DigitRun, before: str) -> bool:
    if before.endswith("+"):
        return _is_foreign(run.digits)
    number, shape = _without_country(run)
    if number.startswith("1"):
        return (
            len(number) == 11
            and (shape in _MOBILE_SHAPES or set(shape) == {1} or _is_announced(before))
            and _has_type(number, phonenumbers.PhoneNumberType.MOBILE)
        )
    if number.startswith("0"):
        cut = len(shape) == 2 and shape[0] in {3, 4}
        return (
            10 <= len(number) <= 12
            and (cut or _is_announced(before))
            and _has_type(number, phonenumbers.PhoneNumberType.FIXED_LINE)
        )
    return (
        len(number) in {7, 8}
        and number[0] in "2345678"
        and len(shape) <= 2
        and _is_announced(before)
        and not _is_date(number)
    )


def _is_announced(before: str) -> bool:
    return _PHONE_WORD.search(before) is not None


def _without_country(run: DigitRun) -> tuple[str, tuple[int, ...]]:
    for prefix in ("0086", "86"):
        if run.digits.startswith(prefix) and len(run.digits) == len(prefix) + 11:
            shape = run.shape[1:] if run.shape[0] == len(prefix) else (11,)
            return run.digits.removeprefix(prefix), shape
    return run.digits, run.shape


def _has_type(number: str, kind: int) -> bool:
    return phonenumbers.number_type(phonenumbers.parse(number, "CN")) == kind


def _is_foreign(number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse("+" + number))
    except phonenumbers.NumberParseException:
        return False


def _is_date(digits: str) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return 1850 <= born.year <= 2100
