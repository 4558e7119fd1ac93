"""Numbers as people write them to be read by people: wide, spaced, circled, cut by dashes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_FIRST_DIGITS: Final = (0x0660, 0x06F0, 0x2080, 0xFF10, *range(0x1D7CE, 0x1D800, 10))
_FIRST_ONES: Final = (0x2460, 0x2474, 0x2488, 0x2776, 0x2780, 0x278A)
FOLD: Final[dict[int, str]] = {
    **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)},
    **{first + value: str(value) for first in _FIRST_DIGITS for value in range(10)},
    **{first + value: str(value + 1) for first in _FIRST_ONES for value in range(9)},
    **dict(zip(map(ord, "⓪⓿⁰¹²³⁴⁵⁶⁷⁸⁹"), "000123456789", strict=True)),
}
"""Look-alikes of ASCII, one character for one, so that positions stay true."""

_SEPARATORS: Final = r"[\s\-‐-―−_.·•~*()\u00ad\u200b-\u200f\u2060\u20e3\ufe0f\ufeff]"
_GROUP: Final = re.compile(r"[0-9]+")
_GAP: Final = re.compile(_SEPARATORS + "{1,3}")
_DIGITS_MOST: Final = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Neighbouring groups of digits with nothing but separators between them."""

    start: int
    end: int
    digits: str
    shape: tuple[int, ...]
    """Length of each group."""


def fold(text: str) -> str:
    """The text in ASCII look-alikes, of the same length."""
    return text if text.isascii() else text.translate(FOLD)


def chains(view: str) -> Iterator[list[tuple[int, int]]]:
    """Groups of digits as (start, end), joined as long as only separators lie between."""
    chain: list[tuple[int, int]] = []
    for found in _GROUP.finditer(view):
        if chain and not _GAP.fullmatch(view, chain[-1][1], found.start()):
            yield chain
            chain = []
        chain.append(found.span())
    if chain:
        yield chain


def runs_from(view: str, chain: list[tuple[int, int]], first: int) -> Iterator[Run]:
    """Every run that starts with group ``first``, the longest first, of at most 24 digits."""
    runs: list[Run] = []
    digits = ""
    shape: tuple[int, ...] = ()
    for start, end in chain[first:]:
        if len(digits) + end - start > _DIGITS_MOST:
            break
        digits += view[start:end]
        shape = (*shape, end - start)
        runs.append(Run(start=chain[first][0], end=end, digits=digits, shape=shape))
    yield from reversed(runs)
