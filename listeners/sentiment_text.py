"""The spelling in which the sentiment model reads a text."""

import re
from typing import Final

from listeners.normalise import readable

LINK: Final = "\ue001"
"""Stands for any address."""

PERSON: Final = "\ue002"
"""Stands for any ``@name``."""

_LINK: Final = re.compile(r"(?:https?://|www\.|t\.cn/|t\.co/)[!-~]+", re.IGNORECASE)
_PERSON: Final = re.compile(r"@[\w\-]+")
_NUMBER: Final = re.compile(r"[0-9]+")
_RUN: Final = re.compile(r"(.)\1{3,}", re.DOTALL)


def fold(text: str) -> str:
    """Readable, in lower case; addresses, names and numbers as one sign each; runs cut to three.

    Takes any ``str``. Bounded by the length of the text; see ``listeners.normalise.readable``.
    """
    text = readable(text).lower()
    if "http" in text or "www." in text or "t.c" in text:
        text = _LINK.sub(LINK, text)
    if "@" in text:
        text = _PERSON.sub(PERSON, text)
    return _RUN.sub(r"\1\1\1", _NUMBER.sub("0", text))
