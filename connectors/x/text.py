"""X's counting of text: 280, where most scripts count one, Chinese and emoji two, a link 23.

Source: https://docs.x.com/fundamentals/counting-characters and the third configuration of
https://github.com/twitter/twitter-text
"""

import html
import re
import unicodedata
from typing import Final

from connectors.x.links import LINK, links

LIMIT: Final = 280
LINK_LENGTH: Final = 23

_LIGHT: Final = ((0x0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
"""What counts one; everything else counts two."""

_PICTURE: Final = (
    "[\u203c\u2049\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa"
    "\U0001f400-\U0001faff](?!\ufe0e)"
)
_ELEMENT: Final = (
    "(?:[#*0-9]\ufe0f?\u20e3"
    "|[\U0001f1e6-\U0001f1ff]{2}"
    "|\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
    "|[©®™\u265f]\ufe0f"
    f"|{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?)"
)
_EMOJI: Final = re.compile(f"{_ELEMENT}(?:\u200d{_ELEMENT})*")
_UNSENDABLE: Final = re.compile("[\x00\ufffe\uffff\ufeff]")
_ADDRESSED: Final = re.compile(r"\s*(?:@\w{1,50}\s+)*")
_ENTITY: Final = re.compile("&(?:amp|lt|gt);")


def length(text: str) -> int:
    """How much of the 280 ``text`` takes."""
    text = unicodedata.normalize("NFC", text)
    total = last = 0
    for start, end in links(text):
        total += _plain(text[last:start]) + LINK_LENGTH
        last = end
    return total + _plain(text[last:])


def sendable(text: str) -> str:
    """``text`` without what X refuses; lone surrogates become ``?``."""
    return _UNSENDABLE.sub("", text).encode("utf-8", "replace").decode("utf-8").strip()


def spoken(text: str) -> str:
    """What the author typed: X delivers ``&``, ``<`` and ``>``, and only those, as entities."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def same(ours: str, theirs: str) -> bool:
    """True where X's text is ours; X puts names before a reply and its own links in place."""
    return _bare(ours) == _bare(spoken(theirs))


def _plain(text: str) -> int:
    emoji = 0
    parts = []
    last = 0
    for found in _EMOJI.finditer(text):
        emoji += 1
        parts.append(text[last : found.start()])
        last = found.end()
    rest = "".join(parts) + text[last:]
    return 2 * emoji + sum(1 if _is_light(ord(character)) else 2 for character in rest)


def _is_light(code: int) -> bool:
    return any(first <= code <= last for first, last in _LIGHT)


def _bare(text: str) -> str:
    text = _ADDRESSED.sub("", unicodedata.normalize("NFC", text), count=1)
    return " ".join(LINK.sub(" \x00 ", text).split())
