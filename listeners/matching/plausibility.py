"""Rejects disguises that ordinary language produces by chance.

``和家`` in ``我和家人`` sounds like the name ``禾家`` by chance, while ``荷家`` is no word.
The evidence is how often two characters stand together: ``ordinary_pairs.npz``, counted by
``benchmarks/train_ordinary.py``, holds the ``gaps`` between the ascending numbers of the pairs seen
and ``often``, one bit a pair for the very common ones.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from core.text import BREAK, HAN
from listeners.text.homoglyphs import LOOKALIKES

PAIRS_FILE: Final = Path(__file__).with_name("ordinary_pairs.npz")
FIRST_CHARACTER: Final = 0x4E00
CHARACTERS: Final = 0x9FFF - FIRST_CHARACTER + 1

NEVER: Final = 0
SOMETIMES: Final = 1
OFTEN: Final = 2

_SHOP_WORD_AFTER: Final = re.compile(
    "(?:的)?(?:超市|超级市场|商超|便利店|门店|分店|生鲜|商场|卖场|会员店|旗舰店|集市|市集|百货|购物|小程序|官方|客服|"
    "app|配送|外卖|连锁|仓储|mart|market|store)"
)
_SHOPPING_VERB_BEFORE: Final = re.compile("(?:去|在|到|逛|来|从|找|往|曝光|投诉|抵制|支持|拉黑)$")
_LOOK_BACK: Final = 3
_SHORT: Final = 2


def pair_number(first: str, second: str) -> int | None:
    """The number of a pair; ``None`` where either is not a common Chinese character."""
    one, two = ord(first) - FIRST_CHARACTER, ord(second) - FIRST_CHARACTER
    if 0 <= one < CHARACTERS and 0 <= two < CHARACTERS:
        return one * CHARACTERS + two
    return None


def pair_frequency(pair: str) -> int:
    """``NEVER``, ``SOMETIMES`` or ``OFTEN``; ``NEVER`` for anything but two common characters."""
    number = pair_number(pair[0], pair[1]) if len(pair) == 2 else None
    if number is None:
        return NEVER
    numbers, often = _pairs()
    place = int(np.searchsorted(numbers, number))
    if place == len(numbers) or numbers[place] != number:
        return NEVER
    return OFTEN if often[place] else SOMETIMES


@cache
def _pairs() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
    with np.load(PAIRS_FILE) as data:
        numbers = np.cumsum(data["gaps"], dtype=np.uint32)
        often = np.unpackbits(data["often"], count=len(numbers)).astype(np.bool_)
    return numbers, often


def is_plausible_disguise(form: str, start: int, end: int) -> bool:
    """True where a span of a compact form that looks or sounds like a name is meant as the name.

    It is where a word for shops follows, or where its characters do not form ordinary words.
    """
    surface = form[start:end]
    if not all(HAN.match(char) for char in surface):
        return True
    if _SHOP_WORD_AFTER.match(form, end):
        return True
    inner = [pair_frequency(surface[n : n + 2]) for n in range(len(surface) - 1)]
    if len(surface) > _SHORT:
        return NEVER in inner
    left = pair_frequency(form[max(0, start - 1) : start + 1])
    right = pair_frequency(form[end - 1 : end + 1])
    if not inner or max(inner) == OFTEN:
        return False
    if max(inner) == NEVER:
        # The span may straddle two words: 适合|佳能 sounds like a name too.
        return not (left and right and OFTEN in {left, right})
    before = form[max(0, start - _LOOK_BACK) : start].rpartition(BREAK)[2]
    return bool(_SHOPPING_VERB_BEFORE.search(before)) and right != OFTEN


def is_plausible_pinyin(surface: str) -> bool:
    """True unless the pinyin spelling of a name is an English word as well."""
    return surface not in _english_words()


@cache
def _english_words() -> frozenset[str]:
    """English words that are the pinyin of something."""
    tables = tomllib.loads(LOOKALIKES.read_text(encoding="utf-8"))
    return frozenset(str(tables["pinyin"]["english"]).split())
