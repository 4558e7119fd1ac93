"""Whether a spelling that is not the plain one is meant as a name, or came about by chance.

``和家`` in ``我和家人`` sounds like ``禾家`` and means nothing of the kind; ``荷家`` is no word.
"""

import re
import tomllib
from functools import cache
from typing import Final

from listeners.matching.ordinary import NEVER, OFTEN, how_ordinary
from listeners.text.homoglyphs import HAN, LOOKALIKES
from listeners.text.normalise import BREAK

_SHOP_AFTER: Final = re.compile(
    "(?:的)?(?:超市|超级市场|商超|便利店|门店|分店|生鲜|商场|卖场|会员店|旗舰店|集市|市集|百货|购物|小程序|官方|客服|"
    "app|配送|外卖|连锁|仓储|mart|market|store)"
)
_GOING_BEFORE: Final = re.compile("(?:去|在|到|逛|来|从|找|往|曝光|投诉|抵制|支持|拉黑)$")
_NEAR: Final = 3
_FEW: Final = 2


def plausible(form: str, start: int, end: int) -> bool:
    """Judge the part of a compact form that looks or sounds like a name without being it."""
    surface = form[start:end]
    if not all(HAN.match(char) for char in surface):
        return True
    if _SHOP_AFTER.match(form, end):
        return True
    inner = [how_ordinary(surface[n : n + 2]) for n in range(len(surface) - 1)]
    if len(surface) > _FEW:
        return NEVER in inner
    left = how_ordinary(form[max(0, start - 1) : start + 1])
    right = how_ordinary(form[end - 1 : end + 1])
    if not inner or max(inner) == OFTEN:
        return False
    if max(inner) == NEVER:
        # Neighbours of two words: 适合|佳能 sounds like a name too.
        return not (left and right and OFTEN in {left, right})
    before = form[max(0, start - _NEAR) : start].rpartition(BREAK)[2]
    return bool(_GOING_BEFORE.search(before)) and right != OFTEN


def plausible_spelling(surface: str) -> bool:
    """Judge a word in Latin letters, or half in them, that spells a Chinese name in pinyin."""
    return surface not in _english_words()


@cache
def _english_words() -> frozenset[str]:
    """Words that happen to be the pinyin of something."""
    tables = tomllib.loads(LOOKALIKES.read_text(encoding="utf-8"))
    return frozenset(str(tables["pinyin"]["english"]).split())
