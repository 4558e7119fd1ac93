"""In which language a text is written."""

import re
from typing import Final

from core.taxonomy import Language

_ADDRESSES: Final = re.compile(
    r"(?:https?://|www\.)[^\s\u3400-\u9fff]+|[\w.+-]+@[\w-]+\.\w+|@[\w-]+"
)
_HAN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'’]*")
_OTHER_SCRIPT: Final = re.compile(
    "[\u00c0-\u02af\u0370-\u1dff\u3041-\u30ff\ua490-\uabff\uac00-\ud7a3]"
)

HEAD: Final = 2000
"""How many characters are looked at."""


def detect_language(text: str) -> Language:
    """``zh``, ``en``, ``mixed`` for both, ``other`` for anything else and for no words at all.

    One English word in a Chinese sentence (APP, WiFi) leaves it Chinese, and so does a Chinese
    brand name in an English one. Addresses do not count.
    """
    text = text[:HEAD]
    if "@" in text or "http" in text or "www." in text:
        text = _ADDRESSES.sub(" ", text)
    han = sum(map(len, _HAN.findall(text)))
    words = len(_WORD.findall(text))
    if _OTHER_SCRIPT.search(text) and len(_OTHER_SCRIPT.findall(text)) > max(
        1, (han + 4 * words) // 4
    ):
        return "other"
    if not han:
        return "en" if words else "other"
    if not words:
        return "zh"
    # One English word carries about as much as two Chinese characters.
    share = han / (han + 2 * words)
    if share > 0.65 or (words == 1 and han > 1):
        return "zh"
    return "en" if share < 0.25 else "mixed"
