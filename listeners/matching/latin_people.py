"""People whose name in Latin letters is a brand's: *Ms. Hejia*, *Hejia Wang*, *Wang Hejia*.

A title before the name, or a Chinese surname in pinyin beside it, says that it is a person, unless
a shop's word follows. Surnames that are English words as well (*Song*, *Fan*, *Sun*) say nothing.
"""

import re
from typing import Final

_TITLES: Final = "mr|mrs|ms|mx|dr|prof|professor|uncle|auntie|aunt"
"""Without those that are verbs or forms of address: *I miss Hejia*, *no sir*."""
_SURNAMES: Final = (
    "wang|zhang|liu|chen|yang|huang|zhao|zhou|xu|zhu|hu|guo|lin|gao|luo|zheng|liang|xie|tang|deng|"
    "feng|cao|peng|zeng|xiao|tian|dong|yuan|cai|jiang|cheng|shen|yao|zhong|wei|qian|qiu|qin|jia|"
    "xiong|meng|xue|yan|lei|hou|shao|wu|li|lu|yu|ding|fu|ouyang|zhuge|situ|shangguan"
)
_BEFORE: Final = re.compile(rf"(?<![^\W_])(?:(?:{_TITLES})\.?|(?:{_SURNAMES}))\s{{1,2}}$")
_AFTER: Final = re.compile(rf"\s{{1,2}}(?:{_SURNAMES})(?![^\W_])(?P<rest>.{{0,24}})")
_SHOP: Final = re.compile(
    r"\s*(?:'s\s+)?(?:super\s?market|market|mart|store|shop|grocer|branch|road|street|rd\b|超市|店)"
)
_LOOK: Final = 48
"""Characters read on either side."""


def is_latin_person(text: str, start: int, end: int) -> bool:
    """True where the span of a folded text is a person's name; it is written in Latin letters."""
    after = text[end : end + _LOOK]
    if _SHOP.match(after):
        return False
    if _BEFORE.search(text, max(0, start - _LOOK), start):
        return True
    surname = _AFTER.match(after)
    return surname is not None and _SHOP.match(surname["rest"]) is None
