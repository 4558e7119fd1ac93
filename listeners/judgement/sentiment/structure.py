"""Reads the structure of a text, so that n-grams are weighed for what they mean.

The n-grams of a text see words, not scope. Before they are counted, own words are separated from
quoted ones, negations are resolved, the asserted half of a contrast is weighed before the conceded
half, and emphatic praise of something that went wrong counts as sarcasm. Every finding is a piece
of the text that staff can be shown as evidence.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from listeners.judgement.sentiment.negation import SHORT_TEXT, Negation, Polarity, find_negations
from listeners.judgement.sentiment.structure_words import (
    BAD,
    GOOD,
    HAN,
    language_of,
    listed_polarity,
    structure_words,
)
from listeners.text.quotations import split_quoted

CONCEDED_WEIGHT: Final = 0.9
"""Weight of the conceded half of a contrast, in a short text that says other things as well."""

ASSERTED_WEIGHT: Final = 1.1
"""Weight of the asserted half of a contrast."""

DISMISSED_WEIGHT: Final = 0.2
"""Weight of the conceded half where the text is one contrast and nothing else."""

QUOTED_WEIGHT: Final = 0.85
"""Weight of quoted words that the author does not contradict."""

OPPOSED_WEIGHT: Final = 0.6
"""Weight of quoted words that the author contradicts."""

_CONTRAST_LENGTH: Final = 36
"""Characters of a text that is read for contrasts; three times as many in English."""
_SARCASM_LENGTH: Final = 120
"""Characters of a text in which praise and what went wrong belong together."""
_CLEAR_POLARITY: Final = 0.25
_PLAIN_POLARITY: Final = 1.0
_SINCERE_PRAISE: Final = {"zh": "，非常好，很满意，", "en": " great, thank you "}

_SENTENCE: Final = re.compile(r"[^。！？!?\n]*[。！？!?\n]*|\.(?= )")
_CLAUSE: Final = re.compile(r"[，,；;]")
_EDGES: Final = " ，,；;。.！!~… "
_LATIN: Final = re.compile("[a-z]")


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightedPart:
    """A part of a text with the weight of its n-grams."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class StructuredText:
    """A text as the model counts it."""

    parts: tuple[WeightedPart, ...]
    evidence: tuple[str, ...]
    """Pieces of the text whose meaning was reversed."""


def analyse(text: str, polarity: Polarity) -> StructuredText:
    """Split a spelled text (see ``spelling.spell``) into weighted parts.

    ``polarity`` gives the log-odds of good against bad of a fragment.
    """
    own, quoted = split_quoted(text)
    if not own:
        # A quotation without comment is taken for agreement.
        own, quoted = text, ""
    resolved, evidence = _negations_resolved(own, polarity)
    praise = emphatic_praise(own) if len(own) <= _SARCASM_LENGTH and not has_contrast(own) else None
    if praise:
        plain = (_SINCERE_PRAISE if praise.sincere else BAD)[language_of(own)]
        resolved = own[: praise.start] + plain + own[praise.end :]
        evidence = (own[praise.start : praise.end],)
    parts = weigh_contrast(resolved, polarity)
    if quoted:
        of_own = polarity(own)
        opposed = abs(of_own) > 1 and of_own * polarity(quoted) < 0
        parts += (WeightedPart(text=quoted, weight=OPPOSED_WEIGHT if opposed else QUOTED_WEIGHT),)
    return StructuredText(parts=parts, evidence=evidence)


def _negations_resolved(text: str, polarity: Polarity) -> tuple[str, tuple[str, ...]]:
    pieces: list[str] = []
    evidence: list[str] = []
    place = 0
    # Longer texts have n-grams enough to show what is meant where something good is negated.
    short = len(text) <= _scaled(SHORT_TEXT, text)
    for negation in sorted(find_negations(text, polarity), key=lambda found: found.start):
        if negation.start < place or not (negation.good or short):
            continue
        piece = text[negation.start : negation.end]
        pieces += (text[place : negation.start], _rewritten(negation, piece))
        evidence.append(piece)
        place = negation.end
    return "".join((*pieces, text[place:])), tuple(evidence)


def _rewritten(negation: Negation, piece: str) -> str:
    language = language_of(piece)
    return GOOD[language] if negation.good else piece + BAD[language]


def _scaled(limit: int, text: str) -> int:
    """A limit in Chinese characters for this text; English takes three times as many."""
    return limit if HAN.search(text) else 3 * limit


# Contrasts: 虽然价格贵，但是味道很好; nice place but the staff were rude.


@dataclass(frozen=True, kw_only=True, slots=True)
class _ContrastPatterns:
    turn: re.Pattern[str]
    """Ends where the asserted half begins."""
    concession: re.Pattern[str]
    """Begins an English clause with although: conceded wherever it stands."""
    any: re.Pattern[str]


@cache
def _contrast_patterns() -> _ContrastPatterns:
    words = structure_words().contrast
    chinese, first = words["zh"], words["zh_first"]
    english, english_first = words["en"], words["en_first"]
    turn = (
        rf"(?:{first}).{{0,60}}?(?:{chinese})"
        rf"|[，,；;。！!？? ~…](?:{chinese})|(?:[^不只])(?:但是|可是)"
        rf"|[，,;.]? \b(?:{english})\b"
    )
    return _ContrastPatterns(
        turn=re.compile(turn),
        concession=re.compile(rf"\b(?:{english_first})\b"),
        any=re.compile(rf"{chinese}|{first}|\b(?:{english}|{english_first})\b"),
    )


def has_contrast(text: str) -> bool:
    """True where a text concedes one thing and asserts another."""
    return bool(_contrast_patterns().any.search(text))


def weigh_contrast(text: str, polarity: Polarity) -> tuple[WeightedPart, ...]:
    """The halves of the contrasts in a short text; one part of weight one for any other text.

    Long texts are not split: most of their contrasts are incidental, and hotel reviews were judged
    a point worse with them.
    """
    if len(text) > _scaled(_CONTRAST_LENGTH, text) or not has_contrast(text):
        return (WeightedPart(text=text),)
    parts = tuple(part for sentence in _sentences(text) for part in _halves(sentence))
    if len(parts) == 2 and {part.weight for part in parts} == {CONCEDED_WEIGHT, ASSERTED_WEIGHT}:
        return _lone_contrast(parts, polarity)
    return parts or (WeightedPart(text=text),)


def _lone_contrast(parts: tuple[WeightedPart, ...], polarity: Polarity) -> tuple[WeightedPart, ...]:
    """Dismiss the conceded half where the two halves clearly oppose each other."""
    marks = _contrast_patterns().any
    if any(_CLAUSE.search(marks.sub(" ", part.text).strip(_EDGES)) for part in parts):
        return parts
    plainer = [_with_plain_word(part, polarity) for part in parts]
    first, second = (polarity(part.text) for part in plainer)
    if first * second >= 0 or min(abs(first), abs(second)) < _CLEAR_POLARITY:
        return parts
    return tuple(
        WeightedPart(
            text=part.text,
            weight=DISMISSED_WEIGHT if part.weight == CONCEDED_WEIGHT else ASSERTED_WEIGHT,
        )
        for part in plainer
    )


def _with_plain_word(part: WeightedPart, polarity: Polarity) -> WeightedPart:
    """The asserted half, with a plain word added where its listed words weigh little."""
    sign = listed_polarity(part.text) if part.weight == ASSERTED_WEIGHT else 0
    if not sign or sign * polarity(part.text) >= _PLAIN_POLARITY:
        return part
    plain = (GOOD if sign > 0 else BAD)[language_of(part.text)]
    return WeightedPart(text=part.text + plain, weight=part.weight)


def _sentences(text: str) -> Iterator[str]:
    for found in _SENTENCE.finditer(text):
        if found[0].strip():
            yield found[0]


def _halves(sentence: str) -> tuple[WeightedPart, ...]:
    patterns = _contrast_patterns()
    concession = patterns.concession.search(sentence)
    if concession:
        return _around_concession(sentence, concession)
    turns = list(patterns.turn.finditer(sentence))
    if not turns:
        return (WeightedPart(text=sentence),)
    cut = turns[-1].end()
    before, after = sentence[:cut], sentence[cut:]
    conceded = patterns.any.sub("", before).strip(_EDGES)
    if not conceded or not after.strip(_EDGES):
        return (WeightedPart(text=sentence),)
    return _conceded(before), _asserted(after)


def _around_concession(sentence: str, mark: re.Match[str]) -> tuple[WeightedPart, ...]:
    head, rest = sentence[: mark.start()], sentence[mark.start() :]
    if head.strip(" ,"):
        return _asserted(head), _conceded(rest)
    cut = _CLAUSE.search(rest)
    if cut is None:
        return (WeightedPart(text=sentence),)
    return _conceded(rest[: cut.end()]), _asserted(rest[cut.end() :])


def _conceded(text: str) -> WeightedPart:
    return WeightedPart(text=text, weight=CONCEDED_WEIGHT)


def _asserted(text: str) -> WeightedPart:
    return WeightedPart(text=text, weight=ASSERTED_WEIGHT)


# Sarcasm: 服务也太好了吧，等了两个小时没人理; great, another hour on hold.


@dataclass(frozen=True, kw_only=True, slots=True)
class EmphaticPraise:
    """A span of emphatic praise."""

    start: int
    end: int
    sincere: bool
    """False where it is sarcastic."""


def emphatic_praise(text: str) -> EmphaticPraise | None:
    """The emphatic praise in a spelled text; ``None`` where nothing shows how it is meant.

    It is sincere where the text tells of a remedy, and sarcastic where it tells only of something
    that went wrong.
    """
    chinese, english = _praise_patterns()
    for pattern, event, remedy in (chinese, english) if _LATIN.search(text) else (chinese,):
        found = pattern.search(text)
        if found is None:
            continue
        rest = text[: found.start()] + " " * len(found[0]) + text[found.end() :]
        sincere = bool(remedy.search(rest))
        if sincere or event.search(rest):
            return EmphaticPraise(start=found.start(), end=found.end(), sincere=sincere)
    return None


_Patterns = tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]
"""Of emphatic praise, of something that went wrong, and of a remedy."""


@cache
def _praise_patterns() -> tuple[_Patterns, _Patterns]:
    words = structure_words().sarcasm
    chinese = [re.compile(words[f"zh_{name}"]) for name in ("praise", "event", "sincere")]
    english = [
        re.compile(rf"\b(?:{words[f'en_{name}']})\b") for name in ("praise", "event", "sincere")
    ]
    return (chinese[0], chinese[1], chinese[2]), (english[0], english[1], english[2])
