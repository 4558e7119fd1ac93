"""STRUCTURE"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from listeners.judgement.sentiment.negation import SHORT_TEXT, Negation, Polarity, find_negations
from listeners.judgement.sentiment.structure_words import (
    BAD,
    GOOD,
    listed_polarity,
    structure_words,
)
from listeners.text.quotations import split_quoted

CONCEDED_WEIGHT: Final = 0.9
"""Weight of what is granted, in a short text that says other things as well."""

MEANT_WEIGHT: Final = 1.1
"""Weight of what is meant."""

DISMISSED_WEIGHT: Final = 0.2
"""Weight of what is granted where the text is that one contrast and nothing else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightedPart:
    """A stretch of a text and how much it counts."""

    text: str
    weight: float = 1.0


_MAX_LENGTH: Final = 36
"""Characters of a text that is read for contrasts; three times as many in English."""
_CLEAR_POLARITY: Final = 0.25
_PLAIN_POLARITY: Final = 1.0
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
    marks = structure_words().contrast
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


def weigh_contrast(text: str, lean: Polarity) -> tuple[WeightedPart, ...]:
    """The parts of a text; one part of weight one where it has no contrast, or is long.

    Long texts have many contrasts, most of them by the way, and enough n-grams to tell what is
    meant: weighed, hotel reviews are judged a point worse.
    """
    if len(text) > (_MAX_LENGTH if _HAN.search(text) else 3 * _MAX_LENGTH) or not has_contrast(
        text
    ):
        return (WeightedPart(text=text),)
    parts = tuple(part for sentence in _sentences(text) for part in _halves(sentence))
    if len(parts) == 2 and {part.weight for part in parts} == {CONCEDED_WEIGHT, MEANT_WEIGHT}:
        return _lone_contrast(parts, lean)
    return parts or (WeightedPart(text=text),)


def has_contrast(text: str) -> bool:
    """True where a text grants one thing and means another."""
    return bool(_marks().any.search(text))


def _lone_contrast(parts: tuple[WeightedPart, ...], lean: Polarity) -> tuple[WeightedPart, ...]:
    """Halves that lean the same way are left to the n-grams, which know them."""
    if any(_HALF.search(_marks().any.sub(" ", part.text).strip(_EDGES)) for part in parts):
        return parts
    plainer = [_with_plain_word(part, lean) for part in parts]
    first, second = (lean(part.text) for part in plainer)
    if first * second >= 0 or min(abs(first), abs(second)) < _CLEAR_POLARITY:
        return parts
    return tuple(
        WeightedPart(
            text=part.text,
            weight=DISMISSED_WEIGHT if part.weight == CONCEDED_WEIGHT else MEANT_WEIGHT,
        )
        for part in plainer
    )


def _with_plain_word(part: WeightedPart, lean: Polarity) -> WeightedPart:
    """What is meant, with a plain word added where its own words are listed but hardly weigh."""
    sign = listed_polarity(part.text) if part.weight == MEANT_WEIGHT else 0
    if not sign or sign * lean(part.text) >= _PLAIN_POLARITY:
        return part
    language = "zh" if _HAN.search(part.text) else "en"
    return WeightedPart(text=part.text + (GOOD if sign > 0 else BAD)[language], weight=part.weight)


def _sentences(text: str) -> Iterator[str]:
    for found in _SENTENCE.finditer(text):
        if found[0].strip():
            yield found[0]


def _halves(sentence: str) -> tuple[WeightedPart, ...]:
    marks = _marks()
    concession = marks.concession.search(sentence)
    if concession:
        return _conceded(sentence, concession)
    turns = list(marks.turn.finditer(sentence))
    if not turns:
        return (WeightedPart(text=sentence),)
    cut = turns[-1].end()
    before, after = sentence[:cut], sentence[cut:]
    granted = marks.any.sub("", before).strip(_EDGES)
    if not granted or not after.strip(_EDGES):
        return (WeightedPart(text=sentence),)
    return WeightedPart(text=before, weight=CONCEDED_WEIGHT), WeightedPart(
        text=after, weight=MEANT_WEIGHT
    )


def _conceded(sentence: str, mark: re.Match[str]) -> tuple[WeightedPart, ...]:
    head, rest = sentence[: mark.start()], sentence[mark.start() :]
    if head.strip(" ,"):
        return WeightedPart(text=head, weight=MEANT_WEIGHT), WeightedPart(
            text=rest, weight=CONCEDED_WEIGHT
        )
    cut = _HALF.search(rest)
    if cut is None:
        return (WeightedPart(text=sentence),)
    granted, meant = rest[: cut.end()], rest[cut.end() :]
    return WeightedPart(text=granted, weight=CONCEDED_WEIGHT), WeightedPart(
        text=meant, weight=MEANT_WEIGHT
    )


_LATIN: Final = re.compile("[a-z]")


@dataclass(frozen=True, kw_only=True, slots=True)
class EmphaticPraise:
    """Praise laid on thick."""

    start: int
    end: int
    """Where the text has it."""
    meant: bool
    """False where it mocks."""


def emphatic_praise(text: str) -> EmphaticPraise | None:
    """The praise in a text in lower case; ``None`` where nothing tells how it is meant."""
    chinese, english = _patterns()
    for pattern, event, sincere in (chinese, english) if _LATIN.search(text) else (chinese,):
        found = pattern.search(text)
        if found is None:
            continue
        rest = text[: found.start()] + " " * len(found[0]) + text[found.end() :]
        meant = bool(sincere.search(rest))
        if meant or event.search(rest):
            return EmphaticPraise(start=found.start(), end=found.end(), meant=meant)
    return None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]], ...]:
    listed = structure_words().sarcasm
    chinese = tuple(re.compile(listed[f"zh_{name}"]) for name in ("praise", "event", "sincere"))
    english = tuple(
        re.compile(rf"\b(?:{listed[f'en_{name}']})\b") for name in ("praise", "event", "sincere")
    )
    return (chinese[0], chinese[1], chinese[2]), (english[0], english[1], english[2])


@dataclass(frozen=True, kw_only=True, slots=True)
class StructuredText:
    """A text as the model is to read it."""

    parts: tuple[WeightedPart, ...]
    evidence: tuple[str, ...]
    """Pieces of the text that were turned round."""


QUOTED_WEIGHT: Final = 0.85
"""Weight of what the author passes on and says nothing against."""

OPPOSED_WEIGHT: Final = 0.6
"""Weight of what is passed on by somebody who says the contrary."""

_SARCASM_LENGTH: Final = 120
"""Characters up to which praise and what went wrong are of the same matter."""

_SINCERE_PRAISE: Final = {"zh": "，非常好，很满意，", "en": " great, thank you "}


def analyse(text: str, lean: Polarity) -> StructuredText:
    """Read a text in lower case and simplified characters, names and numbers as they are.

    ``lean`` says how good a fragment is by itself.
    """
    own, quoted = split_quoted(text)
    if not own:
        # What is only passed on is taken on.
        own, quoted = text, ""
    turned, evidence = _negations_resolved(own, lean)
    said = emphatic_praise(own) if len(own) <= _SARCASM_LENGTH and not has_contrast(own) else None
    if said:
        language = "zh" if _HAN.search(own) else "en"
        plain = _SINCERE_PRAISE[language] if said.meant else BAD[language]
        turned = own[: said.start] + plain + own[said.end :]
        evidence = (own[said.start : said.end],)
    parts = weigh_contrast(turned, lean)
    if quoted:
        opposed = abs(lean(own)) > 1 and lean(own) * lean(quoted) < 0
        parts += (WeightedPart(text=quoted, weight=OPPOSED_WEIGHT if opposed else QUOTED_WEIGHT),)
    return StructuredText(parts=parts, evidence=evidence)


def _negations_resolved(text: str, lean: Polarity) -> tuple[str, tuple[str, ...]]:
    pieces: list[str] = []
    evidence: list[str] = []
    place = 0
    # In longer texts the n-grams have enough to tell what is said of good things denied.
    short = len(text) <= (SHORT_TEXT if _HAN.search(text) else 3 * SHORT_TEXT)
    for denial in sorted(find_negations(text, lean), key=lambda found: found.start):
        if denial.start < place or not (denial.good or short):
            continue
        said = text[denial.start : denial.end]
        pieces += (text[place : denial.start], _rewritten(denial, said))
        evidence.append(said)
        place = denial.end
    return "".join((*pieces, text[place:])), tuple(evidence)


def _rewritten(denial: Negation, said: str) -> str:
    language = "zh" if _HAN.search(said) else "en"
    if denial.good:
        return GOOD[language]
    return said + BAD[language]
