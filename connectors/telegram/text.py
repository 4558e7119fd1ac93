"""Telegram's counting of text, and cutting what is too long at the end of a sentence.

Source: https://core.telegram.org/bots/api#sendmessage (4096 characters, counted in UTF-16).
"""

import re
import unicodedata
from typing import Final

LIMIT: Final = 4096
LONGEST: Final = 4 * LIMIT
"""What one reply may have, in as many messages; nobody reads more."""

_ENDS: Final = (
    re.compile(r"\n{2,}"),
    re.compile(r"[。！？!?…]+[”’」』）)\"']*|[.;；]+(?=\s)|\n"),
    re.compile(r"[，,、：:]+|\s+"),
)
"""Where to cut, best first: paragraphs, sentences, clauses and words."""
_JOINER: Final = "\u200d"


def length(text: str) -> int:
    """How many characters Telegram counts."""
    return len(text) + sum(character > "\uffff" for character in text)


def sendable(text: str) -> str:
    """``text`` without what cannot be sent: NUL goes, lone surrogates become ``?``."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def shorten(text: str, limit: int) -> str:
    """``text``, cut to at most ``limit`` with an ellipsis where it is longer."""
    if length(text) <= limit:
        return text
    return text[: _fitting(text, limit - 1)].rstrip() + "…"


def split(text: str, limit: int = LIMIT) -> list[str]:
    """``text`` in parts of at most ``limit``, none blank; only white space at cuts is lost."""
    parts = []
    rest = text.strip()
    while length(rest) > limit:
        cut = _cut(rest, limit)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [part for part in (*parts, rest) if part]


def _cut(text: str, limit: int) -> int:
    """Where the first part ends: at the best end in its second half, else at a whole character."""
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
    """How many characters of ``text``, which is longer than ``limit``, fit into it."""
    index = count = 0
    while (count := count + length(text[index])) <= limit:
        index += 1
    return index


def _joined(text: str, index: int) -> bool:
    """True where the characters around ``index`` are drawn as one."""
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
