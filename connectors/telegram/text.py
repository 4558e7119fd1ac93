"""Counts text as Telegram does, and splits long texts at the ends of sentences.

Source: https://core.telegram.org/bots/api#sendmessage (4096 characters, counted in UTF-16).
"""

import re
import unicodedata
from typing import Final

MAX_MESSAGE: Final = 4096
MAX_REPLY: Final = 4 * MAX_MESSAGE
"""The most that one reply may count, in several messages."""

_ENDS: Final = (
    re.compile(r"\n{2,}"),
    re.compile(r"[。！？!?…]+[”’」』）)\"']*|[.;；]+(?=\s)|\n"),
    re.compile(r"[，,、：:]+|\s+"),
)
"""Places to split, best first: paragraphs, sentences, clauses and words."""
_JOINER: Final = "\u200d"


def length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def sendable(text: str) -> str:
    """``text`` without NUL, with lone surrogates replaced by ``?``."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def shorten(text: str, limit: int) -> str:
    """``text``, shortened to at most ``limit`` with an ellipsis."""
    if length(text) <= limit:
        return text
    return text[: _fitting(text, limit - 1)].rstrip() + "…"


def split(text: str, limit: int = MAX_MESSAGE) -> list[str]:
    """Split ``text`` into parts of at most ``limit``; only white space at the splits is lost."""
    parts = []
    rest = text.strip()
    while length(rest) > limit:
        cut = _cut(rest, limit)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [part for part in (*parts, rest) if part]


def _cut(text: str, limit: int) -> int:
    """End of the first part: the best place in its second half, else a character boundary."""
    most = _fitting(text, limit)
    for ends in _ENDS:
        found = [match.end() for match in ends.finditer(text, 0, most)]
        if found and found[-1] >= most // 2:
            return found[-1]
    cut = most
    while cut > most // 2 and _joined(text, cut):
        cut -= 1
    return cut if cut > most // 2 else most


def _fitting(text: str, limit: int) -> int:
    """Number of characters of ``text`` that fit into ``limit``, which it exceeds."""
    index = count = 0
    while (count := count + length(text[index])) <= limit:
        index += 1
    return index


def _joined(text: str, index: int) -> bool:
    """True if the characters around ``index`` form one grapheme."""
    before, after = text[index - 1], text[index]
    flag = all("\U0001f1e6" <= character <= "\U0001f1ff" for character in (before, after))
    modifier = "\U0001f3fb" <= after <= "\U0001f3ff"
    return bool(
        flag
        or modifier
        or _JOINER in (before, after)
        or unicodedata.combining(after)
        or unicodedata.category(after) in ("Mn", "Me")
    )
