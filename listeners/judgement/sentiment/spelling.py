"""The spelling in which the sentiment model reads a text."""

import re
from typing import Final

from listeners.judgement.emoji import bracketed
from listeners.text.normalise import readable_head

LINK: Final = "\ue001"
"""Stands for any address."""

PERSON: Final = "\ue002"
"""Stands for any ``@name``."""

_LINK: Final = re.compile(r"(?:https?://|www\.|t\.cn/|t\.co/)[!-~]+", re.IGNORECASE)
_PERSON: Final = re.compile(r"@[\w\-]+")
_NUMBER: Final = re.compile(r"[0-9]+")
_RUN: Final = re.compile(r"(.)\1{3,}", re.DOTALL)


def spell(text: str) -> str:
    """Readable, in lower case; addresses as one sign each. Takes any ``str`` of moderate length."""
    text = readable_head(text).lower()
    if "http" in text or "www." in text or "t.c" in text:
        text = _LINK.sub(LINK, text)
    return text


def squeeze(spelled: str) -> str:
    """Names and numbers as one sign each, emoji in brackets; runs of a sign cut to three."""
    if "@" in spelled:
        spelled = _PERSON.sub(PERSON, spelled)
    return bracketed(_RUN.sub(r"\1\1\1", _NUMBER.sub("0", spelled)))


def fold(text: str) -> str:
    """How the n-grams of a text are spelled."""
    return squeeze(spell(text))
