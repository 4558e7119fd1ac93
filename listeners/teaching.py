"""Makes an adaptation out of what staff corrected, and says what it is worth."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, get_args

from core.errors import InputError
from core.standing import Corrected
from core.types import Sentiment
from listeners.adapt import LEAST, Adapted, Label, adapt
from listeners.adapt_complaint import Stretched, adapt_complaint
from listeners.judge import TextJudge
from listeners.sentiment_adaptation import Adaptation
from listeners.sentiment_linear import LinearModel
from listeners.topics import VERSION

_COMPLAINT: Final = 0.5
_SENTIMENTS: Final[tuple[Sentiment, ...]] = get_args(Sentiment)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What was learned, and how good it is on texts that were not learned from."""

    sentiment: Adapted
    complaint: Stretched | None
    """``None`` where there are too few labels of complaints, or all say the same."""
    adaptation: Adaptation | None
    """``None`` where nothing is accepted."""


def learn(model: LinearModel, labels: Sequence[Label]) -> Lesson:
    """Learn all there is to be learned; raises InputError as ``adapt``. Writes nothing."""
    done = adapt(model, labels)
    adapted = model if done.adaptation is None else model.adapted(done.adaptation)
    complaint = _complaint(adapted, labels)
    adaptation = done.adaptation
    if complaint is not None and complaint.stretch is not None:
        adaptation = replace(
            adaptation or _untouched(model, complaint.before.texts),
            complaint=complaint.stretch,
            topics=VERSION,
        )
    return Lesson(sentiment=done, complaint=complaint, adaptation=adaptation)


def _untouched(model: LinearModel, labels: int) -> Adaptation:
    """Leaves sentiment as it is."""
    return Adaptation(model=model.name, labels=labels, slope=1.0, bias=(0.0, 0.0, 0.0))


def _complaint(model: LinearModel, labels: Sequence[Label]) -> Stretched | None:
    last = {one.text: one.complaint for one in labels if one.complaint is not None}
    if len(last) < LEAST or len(set(last.values())) < 2:
        return None
    found = TextJudge(model).judge_now(tuple(last))
    return adapt_complaint([one.complaint for one in found], tuple(last.values()))


def from_corrections(corrected: Iterable[Corrected]) -> list[Label]:
    """One label a correction: where staff left something as it was, the judge was right."""
    return [
        Label(
            text=one.text,
            sentiment=one.correction.sentiment or one.judgement.sentiment,
            complaint=(
                one.judgement.complaint >= _COMPLAINT
                if one.correction.complaint is None
                else one.correction.complaint
            ),
        )
        for one in corrected
    ]


def from_file(file: Path) -> list[Label]:
    """JSON Lines ``{"text", "sentiment", "complaint"}``, the last two as far as they are known.

    Raises InputError, naming the line, for what cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read ({error}). Name a file of labels.") from error
    return [_label(file, n, line) for n, line in enumerate(lines, 1) if line.strip()]


def _label(file: Path, number: int, line: str) -> Label:
    try:
        data: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _bad(file, number, f"not JSON ({error})") from error
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise _bad(file, number, 'no object with a "text"')
    sentiment, complaint = data.get("sentiment"), data.get("complaint")
    if sentiment not in (None, *_SENTIMENTS):
        raise _bad(file, number, f'"sentiment" is none of {", ".join(_SENTIMENTS)}')
    if not isinstance(complaint, bool | None):
        raise _bad(file, number, '"complaint" is neither true nor false')
    return Label(text=data["text"], sentiment=sentiment, complaint=complaint)


def _bad(file: Path, number: int, message: str) -> InputError:
    example = '{"text": "…", "sentiment": "negative", "complaint": true}'
    return InputError(f"{file}, line {number}: {message}. Write {example}")
