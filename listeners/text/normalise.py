"""One spelling for what readers see as one: width, compatibility, invisible characters, script.

Two forms are made. The *readable* form keeps words and case, for models and for staff. The
*compact* form is for matching: case folded, everything that is no letter or digit taken out, so
that ``禾 家``, ``禾.家`` and ``禾/家`` are ``禾家``.
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final

import opencc

BREAK: Final = "\n"
"""Stands in the compact form where a clause ends; no term reaches across it."""

_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]+"
)
_UNREADABLE: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]+")
_SPACE: Final = re.compile(r"\s+")
_HAN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LONG_RUN: Final = re.compile(
    "[^\x00-\u02ff\u3000-\u3029\u3030-\u3098\u309b-\ud7a3\uff00-\uffef]{33,}"
)
_CLAUSE_END: Final = re.compile(r"(?:[\n。!?;,、]|\.\.)\W*")
_SEPARATORS: Final = re.compile(r"[^\w\n]+|_+")
_SPREAD: Final = re.compile(
    "(?<![\u3400-\u9fff])(?:[\u3400-\u9fff][ .*/|_~+·-]{1,2}){2,}[\u3400-\u9fff](?![\u3400-\u9fff])"
)
_MOST_MARKS: Final = 8
_CACHED: Final = 256
"""Texts: a batch is read by the sentiment model and by the judge, one after the other."""


def readable(text: str) -> str:
    """The text in NFKC and simplified characters, without invisible ones; spaces collapsed.

    Takes any ``str``: control characters and lone surrogates become spaces.
    """
    if text.isascii():
        return _SPACE.sub(" ", _UNREADABLE.sub(" ", text)).strip()
    text = _INVISIBLE.sub("", _UNREADABLE.sub(" ", text))
    if _LONG_RUN.search(text):
        text = _LONG_RUN.sub(_without_stacks, text)
    # Composing may bring forth invisible characters again: U+FFA0 becomes U+1160.
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    if _HAN.search(text):
        text = _converter().convert(text)
    return _SPACE.sub(" ", text).strip()


@lru_cache(maxsize=_CACHED)
def readable_cached(head: str) -> str:
    """As ``readable``, of a text of some thousand characters that is asked for again at once."""
    return readable(head)


def join_spaced_characters(text: str) -> str:
    """A readable text in which words spread as ``发 霉 了`` or ``发*霉*了`` are whole again."""
    return _SPREAD.sub(lambda found: _SEPARATORS.sub("", found[0]), text)


def compact(text: str) -> str:
    """The matching form of a readable text: letters and digits, and ``BREAK`` between clauses."""
    return _SEPARATORS.sub("", _CLAUSE_END.sub(BREAK, text.casefold()))


def term_key(text: str) -> str:
    """The matching form of a term, which has no clauses."""
    return compact(readable(text)).replace(BREAK, "")


def _without_stacks(found: re.Match[str]) -> str:
    # Sorting a long stack of combining marks takes NFKC quadratic time.
    kept: list[str] = []
    marks = 0
    for char in found[0]:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
