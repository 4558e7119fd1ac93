"""Tokens of texts and filters for searching, so that every store finds the same.

A run of Chinese characters gives its pairs of neighbours and its last character; any other run of
letters or digits is one word, without case and accents. A phrase of pairs is therefore found
exactly, a two-character word too, and one character is found as the beginning of a token.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from core.model.mentions import Mention, MentionFilter
from core.model.tickets import Ticket

LONGEST: Final = 10_000
"""Characters of a text that can be searched for; what follows is kept but not indexed."""

_HAN: Final = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_RUNS: Final = re.compile(rf"([{_HAN}\U00020000-\U000323af]+)|([^\W_{_HAN}\U00020000-\U000323af]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """Tokens that must stand side by side."""

    tokens: tuple[str, ...]
    prefix: bool = False
    """True where a token that begins with the only one of ``tokens`` is enough."""


def tokens(text: str) -> list[str]:
    """All tokens of a text, in order."""
    found: list[str] = []
    for han, word in _RUNS.findall(_fold(text)):
        if han:
            found.extend(han[at : at + 2] for at in range(len(han)))
        else:
            found.append(word)
    return found


def terms(query: str) -> list[Term]:
    """The terms that must all be found; empty for a query without letter, digit or character."""
    found: list[Term] = []
    for han, word in _RUNS.findall(_fold(query)):
        if not han:
            found.append(Term(tokens=(word,)))
        elif len(han) == 1:
            found.append(Term(tokens=(han,), prefix=True))
        else:
            found.append(Term(tokens=tuple(han[at : at + 2] for at in range(len(han) - 1))))
    return found


def contains(line: str, wanted: Term) -> bool:
    """True where ``line`` (tokens joined by spaces) holds the term."""
    phrase = " " + " ".join(wanted.tokens)
    return (phrase if wanted.prefix else phrase + " ") in f" {line} "


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFD", text)
    bare = "".join(part for part in parts if unicodedata.category(part) != "Mn")
    return unicodedata.normalize("NFC", bare)


def mention_filters(mention: Mention) -> list[str]:
    """One token for each value by which a mention can be filtered."""
    found = [_token("b", brand) for brand in mention.brands]
    found.append(_token("c", mention.event.channel))
    found.append(_token("s", mention.judgement.sentiment))
    found.append(_token("k", mention.judgement.category))
    return found


def wanted_filters(where: MentionFilter) -> list[str]:
    """The tokens that ``mention_filters`` must have given."""
    wanted = {"b": where.brand, "c": where.channel, "s": where.sentiment, "k": where.category}
    return [_token(kind, value) for kind, value in wanted.items() if value is not None]


def wanted_channel(channel: str) -> str:
    """The token that ``mention_filters`` gave for a channel."""
    return _token("c", channel)


def _token(kind: str, value: str) -> str:
    return kind + value.encode("utf-8", "surrogatepass").hex()


def mention_words(mention: Mention) -> str:
    """Tokens of a mention's masked text, or of its text where none was masked."""
    return " ".join(tokens(mention.masked_text or mention.event.text))


def ticket_words(ticket: Ticket) -> str:
    """Tokens of a ticket's number, category and subject."""
    return " ".join(tokens(f"{ticket.number} {ticket.category} {ticket.subject}"))
