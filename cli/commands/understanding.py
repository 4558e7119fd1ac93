"""``score`` and ``voice``: commands that need only the listeners."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

import typer

from cli.context import CliContext, ConfigFile
from cli.settings_file import load_settings
from core.model.judgement import Judgement
from listeners.factory import Understanding, build_understanding
from listeners.judgement.judge import TextJudge
from listeners.matching.matcher import BrandMatcher
from listeners.text.quotations import split_quoted, with_quotes_last, without_attribution


def add_understanding(app: typer.Typer, context: CliContext) -> None:
    """Add ``score`` and ``voice``."""
    example = context.example.config

    @app.command()
    def score(config: ConfigFile = example) -> None:
        """Judge JSON Lines {"id", "text"} from standard input, one line each, in order."""
        status = score_lines(
            sys.stdin.buffer, _understanding(config), out=sys.stdout, errors=sys.stderr
        )
        raise typer.Exit(status)

    @app.command()
    def voice(config: ConfigFile = example) -> None:
        """Share of voice and sentiment of each brand in JSON Lines {"id", "text"} from stdin."""
        status = share_of_voice_lines(
            sys.stdin.buffer, _understanding(config), out=sys.stdout, errors=sys.stderr
        )
        raise typer.Exit(status)


def _understanding(config: Path) -> Understanding:
    return build_understanding(load_settings(config), config.resolve().parent)


MAX_LINE_BYTES: Final = 1 << 20
"""Longest line that is read."""
_BATCH_SIZE: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredLine:
    """The answer to one line."""

    answer: dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedLine:
    """One line with the judgement of its text."""

    id: object
    text: str
    judgement: Judgement


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadableLine:
    """One malformed line; the others are judged all the same."""

    number: int
    """Counted from 1."""
    reason: str


def score(
    lines: Iterable[bytes], judge: TextJudge, matcher: BrandMatcher
) -> Iterator[ScoredLine | UnreadableLine]:
    """One result a line, in order; blank lines are skipped."""
    for found in judge_lines(lines, judge):
        if isinstance(found, UnreadableLine):
            yield found
        else:
            yield ScoredLine(answer=_answer(found, matcher.brands_in(found.text)))


def judge_lines(lines: Iterable[bytes], judge: TextJudge) -> Iterator[JudgedLine | UnreadableLine]:
    """Judge each line, in order; blank lines are skipped."""
    numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    while batch := list(islice(numbered, _BATCH_SIZE)):
        read = [(number, _read(line)) for number, line in batch]
        texts = [found[1] for _, found in read if not isinstance(found, str)]
        judgements = iter(judge.judge_now(texts))
        for number, found in read:
            if isinstance(found, str):
                yield UnreadableLine(number=number, reason=found)
            else:
                yield JudgedLine(id=found[0], text=found[1], judgement=next(judgements))


def _read(line: bytes) -> tuple[object, str] | str:
    """Id and text, or the reason why the line is malformed."""
    if len(line) > MAX_LINE_BYTES:
        return f"longer than {MAX_LINE_BYTES} bytes; shorten the text"
    try:
        data: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"not JSON ({error}); write one object a line"
    if not isinstance(data, dict):
        return 'no object; write {"id": …, "text": …}'
    text = data.get("text")
    if not isinstance(text, str):
        return '"text" is missing or no string; add it'
    if not isinstance(data.get("id"), str | int):
        return '"id" is missing or neither string nor number; add it'
    return data["id"], text


def _answer(line: JudgedLine, brands: tuple[str, ...]) -> dict[str, object]:
    found = line.judgement
    own, quoted = split_quoted(with_quotes_last(line.text))
    return {
        "id": line.id,
        "language": found.language,
        "brands": list(brands),
        "sentiment": found.sentiment,
        "probabilities": {
            "negative": round(found.probabilities.negative, 4),
            "neutral": round(found.probabilities.neutral, 4),
            "positive": round(found.probabilities.positive, 4),
        },
        "complaint": round(found.complaint, 4),
        "category": found.category,
        "intent": found.intent,
        "risk": list(found.risk),
        "relevance": found.relevance,
        "adverse": round(found.adverse, 4),
        "denial": round(found.denial, 4),
        "offensive": round(found.offensive, 4),
        "spam": round(found.spam, 4),
        "evidence": list(found.evidence),
        "own": own.strip() if quoted else None,
        "passed_on": without_attribution(quoted).strip() or None,
        "model": found.model,
    }


def score_lines(
    lines: Iterable[bytes], understanding: Understanding, *, out: TextIO, errors: TextIO
) -> int:
    """Write each answer to ``out``, and the number and fault of malformed lines to ``errors``.

    Returns the exit status: 1 where a line was malformed.
    """
    status = 0
    for result in score(lines, understanding.judge, understanding.matcher):
        if isinstance(result, UnreadableLine):
            status = 1
            errors.write(f"line {result.number}: {result.reason}\n")
        else:
            out.write(_line(result.answer) + "\n")
            out.flush()
    return status


def _line(answer: Mapping[str, object]) -> str:
    """JSON that can be encoded; an id may hold a lone surrogate."""
    line = json.dumps(answer, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:
        return json.dumps(answer)
    return line


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandShare:
    """One brand's share of all mentions of brands."""

    brand: str
    mentions: int
    share: float
    """In [0, 1]; a text that names two brands counts for both."""
    alone: int
    """Mentions of no other brand."""


def share_of_voice(brands: Sequence[str], found: Iterable[Sequence[str]]) -> tuple[BrandShare, ...]:
    """Count ``found``, the brands in each text, for each of ``brands``; the largest share first."""
    mentions, alone = dict.fromkeys(brands, 0), dict.fromkeys(brands, 0)
    for named in found:
        known = [brand for brand in dict.fromkeys(named) if brand in mentions]
        for brand in known:
            mentions[brand] += 1
            alone[brand] += len(known) == 1
    total = sum(mentions.values())
    shares = (
        BrandShare(
            brand=brand,
            mentions=mentions[brand],
            share=mentions[brand] / total if total else 0.0,
            alone=alone[brand],
        )
        for brand in brands
    )
    return tuple(sorted(shares, key=lambda one: -one.mentions))


def share_of_voice_lines(
    lines: Iterable[bytes], understanding: Understanding, *, out: TextIO, errors: TextIO
) -> int:
    """Write one JSON line a brand, the largest share first: its BrandShare and sentiments.

    The sentiment of a text counts for the first brand that it names, since comparisons are
    resolved for that one. Malformed lines are reported to ``errors``. Returns the exit status: 1
    where a line was malformed.
    """
    status, named = 0, list[tuple[str, ...]]()
    sentiments: dict[str, Counter[str]] = {
        brand: Counter() for brand in understanding.matcher.brands
    }
    for line in judge_lines(lines, understanding.judge):
        if isinstance(line, UnreadableLine):
            status = 1
            errors.write(f"line {line.number}: {line.reason}\n")
            continue
        brands = understanding.matcher.brands_in(line.text)
        named.append(brands)
        if brands:
            sentiments[brands[0]][line.judgement.sentiment] += 1
    for share in share_of_voice(understanding.matcher.brands, named):
        counts = {
            name: sentiments[share.brand][name] for name in ("negative", "neutral", "positive")
        }
        rounded = asdict(share) | {"share": round(share.share, 4)}
        out.write(json.dumps(rounded | counts, ensure_ascii=False) + "\n")
    return status
