"""Which half of a contrast counts: 虽然价格贵，但是味道很好; *nice place but the staff were rude*.

Whoever writes 但是 concedes what stands before it and means what follows. The halves are weighed
apart; sentences without a contrast count as they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from listeners.judgement.sentiment.negation import Lean
from listeners.judgement.sentiment.structure_words import BAD, GOOD, listed, words

CONCEDED: Final = 0.9
"""Weight of what is granted, in a short text that says other things as well."""

MEANT: Final = 1.1
"""Weight of what is meant."""

DISMISSED: Final = 0.2
"""Weight of what is granted where the text is that one contrast and nothing else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A stretch of a text and how much it counts."""

    text: str
    weight: float = 1.0


_SHORT: Final = 36
"""Characters of a text that is read for contrasts; three times as many in English."""
_CLEAR: Final = 0.25
_PLAIN: Final = 1.0
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_SENTENCE: Final = re.compile(r"[^。！？!?\n]*[。！？!?\n]*|\.(?= )")
_HALF: Final = re.compile(r"[，,；;]")
_EDGES: Final = " ，,；;。.！!~… "


@dataclass(frozen=True, kw_only=True, slots=True)
class _Marks:
    turn: re.Pattern[str]
    """Group 1 is the conceded half, the rest is meant."""
    concession: re.Pattern[str]
    """An English clause that starts with although: conceded wherever it stands."""
    any: re.Pattern[str]


@cache
def _marks() -> _Marks:
    marks = words().contrast
    chinese, first = marks["zh"], marks["zh_first"]
    english, english_first = marks["en"], marks["en_first"]
    turn = (
        rf"(?:{first}).{{0,60}}?(?:{chinese})"
        rf"|[，,；;。！!？? ~…](?:{chinese})|(?:[^不只])(?:但是|可是)"
        rf"|[，,;.]? \b(?:{english})\b"
    )
    return _Marks(
        turn=re.compile(turn),
        concession=re.compile(rf"\b(?:{english_first})\b"),
        any=re.compile(rf"{chinese}|{first}|\b(?:{english}|{english_first})\b"),
    )


def weigh(text: str, lean: Lean) -> tuple[Part, ...]:
    """The parts of a text; one part of weight one where it has no contrast, or is long.

    Long texts have many contrasts, most of them by the way, and enough n-grams to tell what is
    meant: weighed, hotel reviews are judged a point worse.
    """
    if len(text) > (_SHORT if _HAN.search(text) else 3 * _SHORT) or not contrasts(text):
        return (Part(text=text),)
    parts = tuple(part for sentence in _sentences(text) for part in _halves(sentence))
    if len(parts) == 2 and {part.weight for part in parts} == {CONCEDED, MEANT}:
        return _alone(parts, lean)
    return parts or (Part(text=text),)


def contrasts(text: str) -> bool:
    """True where a text grants one thing and means another."""
    return bool(_marks().any.search(text))


def _alone(parts: tuple[Part, ...], lean: Lean) -> tuple[Part, ...]:
    """Halves that lean the same way are left to the n-grams, which know them."""
    if any(_HALF.search(_marks().any.sub(" ", part.text).strip(_EDGES)) for part in parts):
        return parts
    plainer = [_plainer(part, lean) for part in parts]
    first, second = (lean(part.text) for part in plainer)
    if first * second >= 0 or min(abs(first), abs(second)) < _CLEAR:
        return parts
    return tuple(
        Part(text=part.text, weight=DISMISSED if part.weight == CONCEDED else MEANT)
        for part in plainer
    )


def _plainer(part: Part, lean: Lean) -> Part:
    """What is meant, with a plain word added where its own words are listed but hardly weigh."""
    sign = listed(part.text) if part.weight == MEANT else 0
    if not sign or sign * lean(part.text) >= _PLAIN:
        return part
    language = "zh" if _HAN.search(part.text) else "en"
    return Part(text=part.text + (GOOD if sign > 0 else BAD)[language], weight=part.weight)


def _sentences(text: str) -> Iterator[str]:
    for found in _SENTENCE.finditer(text):
        if found[0].strip():
            yield found[0]


def _halves(sentence: str) -> tuple[Part, ...]:
    marks = _marks()
    concession = marks.concession.search(sentence)
    if concession:
        return _conceded(sentence, concession)
    turns = list(marks.turn.finditer(sentence))
    if not turns:
        return (Part(text=sentence),)
    cut = turns[-1].end()
    before, after = sentence[:cut], sentence[cut:]
    granted = marks.any.sub("", before).strip(_EDGES)
    if not granted or not after.strip(_EDGES):
        return (Part(text=sentence),)
    return Part(text=before, weight=CONCEDED), Part(text=after, weight=MEANT)


def _conceded(sentence: str, mark: re.Match[str]) -> tuple[Part, ...]:
    head, rest = sentence[: mark.start()], sentence[mark.start() :]
    if head.strip(" ,"):
        return Part(text=head, weight=MEANT), Part(text=rest, weight=CONCEDED)
    cut = _HALF.search(rest)
    if cut is None:
        return (Part(text=sentence),)
    granted, meant = rest[: cut.end()], rest[cut.end() :]
    return Part(text=granted, weight=CONCEDED), Part(text=meant, weight=MEANT)
