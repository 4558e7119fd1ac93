"""Text folding with traditional characters simplified: the spelling that all listeners read.

Two forms are used. The *readable* form keeps words and case, for models and for staff. The
*compact* form (``core.text.compact``) has letters and digits alone, for matching.
"""

import re
from functools import cache, lru_cache
from typing import Final

import opencc

from core import text as folding

_SPACED_HAN: Final = re.compile(
    "(?<![\u3400-\u9fff])(?:[\u3400-\u9fff][ .*/|_~+·-]{1,2}){2,}[\u3400-\u9fff](?![\u3400-\u9fff])"
)
_CACHED: Final = 256
"""Texts: sentiment model and judge read the same batch one after the other."""


def readable(text: str) -> str:
    """As ``core.text.readable``, in simplified characters."""
    return folding.readable(text, simplify=_simplified)


@lru_cache(maxsize=_CACHED)
def readable_cached(head: str) -> str:
    """As ``readable``, remembering the last texts; pass a few thousand characters at most."""
    return readable(head)


def join_spaced_characters(text: str) -> str:
    """Chinese words spread out as ``发 霉 了`` or ``发*霉*了`` written together again."""
    return _SPACED_HAN.sub(lambda found: folding.without_separators(found[0]), text)


def term_key(text: str) -> str:
    """The compact form of a search term, which has no clauses."""
    return folding.compact(readable(text)).replace(folding.BREAK, "")


def _simplified(text: str) -> str:
    # The one character whose simplified form is itself simplified: 薴, 苧, 苎.
    return str(_converter().convert(text)).replace("苧", "苎")


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
