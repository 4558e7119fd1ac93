"""Language detection by script: Chinese, English, both, or another."""

import re
from typing import Final

from core.taxonomy import Language
from core.text import HAN_RANGES

_ADDRESSES: Final = re.compile(
    r"(?:https?://|www\.)[^\s\u3400-\u9fff]+|[\w.+-]+@[\w-]+\.\w+|@[\w-]+"
)
_HAN: Final = re.compile(f"[{HAN_RANGES}]+")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'’]*")
_OTHER_SCRIPT: Final = re.compile(
    "[\u00c0-\u02af\u0370-\u1dff\u3041-\u30ff\ua490-\uabff\uac00-\ud7a3]"
)

READ_LENGTH: Final = 2000
"""Characters of a text that are read."""


def detect_language(text: str) -> Language:
    """``zh``, ``en``, ``mixed`` for both, ``other`` for other scripts and for no words at all.

    One English word in a Chinese sentence (APP, WiFi) leaves it Chinese, and a Chinese brand name
    in an English sentence leaves it English. Addresses and ``@names`` are not counted.
    """
    text = text[:READ_LENGTH]
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
