"""Text folding: one spelling for texts that readers see as the same.

Matching, judging, moderation and search compare texts only after folding them here, so that width,
case, invisible characters and control characters are treated alike everywhere. The functions are
pure and take any ``str``, lone surrogates included. Conversions that need a library are passed in.
The trained models know the exact spellings that ``readable`` produces: train again after a change.

    normalised         NFKC, invisible characters removed
    readable           one line for people and models: normalised, simplified, spaces collapsed
    compact            the letters and digits of a readable text, for finding names
    ascii_lookalikes   wide forms and foreign digits as ASCII, each at its own place
    encodable          without NUL and lone surrogates, for libraries that take UTF-8
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

BREAK: Final = "\n"
"""Separates clauses in the compact form; no term matches across it."""

HAN_RANGES: Final = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese characters, as the inside of a character class."""

HAN: Final = re.compile(f"[{HAN_RANGES}]")

_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]+"
)
_UNREADABLE: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPACE: Final = re.compile(r"\s+")
_LONG_RUN: Final = re.compile(
    "[^\x00-\u02ff\u3000-\u3029\u3030-\u3098\u309b-\ud7a3\uff00-\uffef]{33,}"
)
_MAX_MARKS: Final = 8
"""Combining marks kept on one character."""

_CLAUSE_END: Final = re.compile(r"(?:[\n。!?;,、]|\.\.)\W*")
_SEPARATORS: Final = re.compile(r"[^\w\n]+|_+")

_ZEROS: Final = (0x0660, 0x06F0, 0x2080, 0xFF10, *range(0x1D7CE, 0x1D800, 10))
_ONES: Final = (0x2460, 0x2474, 0x2488, 0x2776, 0x2780, 0x278A)
_ASCII: Final[dict[int, str]] = {
    **{0xFF01 + offset: chr(0x21 + offset) for offset in range(94)},
    **{first + value: str(value) for first in _ZEROS for value in range(10)},
    **{first + value: str(value + 1) for first in _ONES for value in range(9)},
    **dict(zip(map(ord, "⓪⓿⁰¹²³⁴⁵⁶⁷⁸⁹"), "000123456789", strict=True)),
}


def normalised(text: str) -> str:
    """The text in NFKC without invisible characters.

    Stacks of combining marks are cut to eight, since NFKC sorts them in quadratic time.
    """
    if text.isascii():
        return text
    text = _INVISIBLE.sub("", text)
    if _LONG_RUN.search(text):
        text = _LONG_RUN.sub(_without_stacks, text)
    # Composition can produce invisible characters again: U+FFA0 becomes U+1160.
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def readable(text: str, *, simplify: Callable[[str], str] | None = None) -> str:
    """The normalised text on one line: spaces collapsed, control characters as spaces.

    ``simplify`` converts traditional to simplified characters; it is called only for texts with
    Chinese characters.
    """
    text = _UNREADABLE.sub(" ", text)
    if not text.isascii():
        text = normalised(text)
        if simplify is not None and HAN.search(text):
            text = simplify(text)
    return with_single_spaces(text).strip()


def with_single_spaces(text: str) -> str:
    """Every run of white space as one space."""
    return _SPACE.sub(" ", text)


def without_spaces(text: str) -> str:
    """The text without white space."""
    return _SPACE.sub("", text)


def without_separators(text: str) -> str:
    """The letters, digits and line breaks of a text."""
    return _SEPARATORS.sub("", text)


def compact(text: str) -> str:
    """The matching form of a readable text: letters and digits, and ``BREAK`` between clauses.

    Case is folded; ``禾 家``, ``禾.家`` and ``禾/家`` all become ``禾家``.
    """
    return without_separators(_CLAUSE_END.sub(BREAK, text.casefold()))


def ascii_lookalikes(text: str) -> str:
    """Full-width forms and digits of any script as ASCII, one character for one.

    The result has the length of ``text``, so that positions in one hold in the other.
    """
    return text if text.isascii() else text.translate(_ASCII)


def encodable(text: str) -> str:
    """The text with NUL as a space and lone surrogates as ``?``."""
    return _SURROGATE.sub("?", text.replace("\0", " "))


def _without_stacks(found: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for char in found[0]:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MAX_MARKS:
            kept.append(char)
    return "".join(kept)
