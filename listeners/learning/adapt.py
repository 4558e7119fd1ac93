"""ADAPT"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TextIO, get_args

from core.errors import InputError
from core.mentions import CorrectedMention
from core.settings import Settings
from core.taxonomy import CATEGORIES, Sentiment
from listeners.judgement.adaptation import Adaptation, write_adaptation
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment.linear import LinearModel, load
from listeners.judgement.topics import VERSION
from listeners.judgement.topics import shipped_model as topic_model
from listeners.learning.cross_validation import Quality
from listeners.learning.sentiment import (
    MAX_LABELS,
    MIN_LABELS,
    Label,
    SentimentResult,
    adapt_sentiment,
)
from listeners.learning.topics import MIN_CATEGORY_LABELS as LEAST_CATEGORIES
from listeners.learning.topics import (
    CategoryResult,
    ComplaintResult,
    adapt_category,
    adapt_complaint,
)

_COMPLAINT_FROM: Final = 0.5
_SENTIMENTS: Final[tuple[Sentiment, ...]] = get_args(Sentiment)


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptationResult:
    """What was learned, and how good it is on texts that were not learned from."""

    sentiment: SentimentResult | None
    """``None`` where there are too few labels of sentiment, or all say the same."""
    complaint: ComplaintResult | None
    """``None`` where there are too few labels of complaints, or all say the same."""
    category: CategoryResult | None
    """``None`` where there are too few labels of categories, or all say the same."""
    adaptation: Adaptation | None
    """``None`` where nothing is accepted."""


def adapt_all(model: LinearModel, labels: Sequence[Label]) -> AdaptationResult:
    """Learn all there is to be learned; writes nothing.

    Raises InputError as ``adapt_sentiment`` where there is nothing that could be learned.
    """
    done, adaptation = None, None
    try:
        done = adapt_sentiment(model, labels)
    except InputError:
        if not _category_labels(labels):
            raise
    if done is not None:
        adaptation = done.adaptation
    # Not the adapted sentiment: it has seen these labels, and would make the rest look too good.
    judge = TextJudge(model)
    complaint = _complaint(judge, labels)
    if complaint is not None and complaint.stretch is not None:
        adaptation = replace(
            adaptation or _unchanged_sentiment(model, complaint.before.texts),
            complaint=complaint.stretch,
            topics=VERSION,
        )
    category = _category(judge, labels)
    if category is not None and category.regrouped is not None:
        adaptation = replace(
            adaptation or _unchanged_sentiment(model, category.before.texts),
            categories=category.regrouped,
            topics=VERSION,
        )
    return AdaptationResult(
        sentiment=done, complaint=complaint, category=category, adaptation=adaptation
    )


def _unchanged_sentiment(model: LinearModel, labels: int) -> Adaptation:
    """Leaves sentiment as it is."""
    return Adaptation(model=model.name, labels=labels, slope=1.0, bias=(0.0, 0.0, 0.0))


def _complaint(judge: TextJudge, labels: Sequence[Label]) -> ComplaintResult | None:
    last = {one.text: one.complaint for one in labels if one.complaint is not None}
    if len(last) < MIN_LABELS or len(set(last.values())) < 2:
        return None
    found = judge.judge_now(tuple(last))
    return adapt_complaint([one.complaint for one in found], tuple(last.values()))


def _category_labels(labels: Sequence[Label]) -> dict[str, str]:
    """The category of each text that has one; empty where they are too few to learn from."""
    last = {one.text: one.category for one in labels if one.category is not None}
    return last if len(last) >= LEAST_CATEGORIES and len(set(last.values())) > 1 else {}


def _category(judge: TextJudge, labels: Sequence[Label]) -> CategoryResult | None:
    seen = [
        (features, category)
        for text, category in list(_category_labels(labels).items())[-MAX_LABELS:]
        if (features := judge.features(text)) is not None
    ]
    if len(seen) < LEAST_CATEGORIES:
        return None
    return adapt_category(topic_model(), [one for one, _ in seen], [name for _, name in seen])


def labels_from_corrections(corrected: Iterable[CorrectedMention]) -> list[Label]:
    """One label a correction: where staff left something as it was, the judge was right."""
    return [
        Label(
            text=one.text,
            sentiment=one.correction.sentiment or one.judgement.sentiment,
            complaint=(
                one.judgement.complaint >= _COMPLAINT_FROM
                if one.correction.complaint is None
                else one.correction.complaint
            ),
            category=_known(one.correction.category or one.judgement.category),
        )
        for one in corrected
    ]


def _known(category: str | None) -> str | None:
    return category if category in CATEGORIES else None


def labels_from_file(file: Path) -> list[Label]:
    """JSON Lines ``{"text", "sentiment", "complaint", "category"}``, the last three where known.

    Raises InputError, naming the line, for what cannot be read.
    """
    try:
        # A text may hold other signs that end a line elsewhere, such as U+2028.
        lines = file.read_text(encoding="utf-8-sig").split("\n")
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
    category = data.get("category")
    if category not in (None, *CATEGORIES):
        raise _bad(file, number, f'"category" is none of {", ".join(CATEGORIES)}')
    return Label(text=data["text"], sentiment=sentiment, complaint=complaint, category=category)


def _bad(file: Path, number: int, message: str) -> InputError:
    example = '{"text": "…", "sentiment": "negative", "complaint": true, "category": "freshness"}'
    return InputError(f"{file}, line {number}: {message}. Write {example}")


DEFAULT_FILE: Final = "adaptation.json"
EXIT_REFUSED: Final = 1
"""Exit status where nothing was learned."""

_REFUSED: Final = "refused"


def output_path(settings: Settings, folder: Path, out: Path | None) -> Path:
    """Where to write: as asked for, else as configured, else beside the configuration.

    Raises InputError where the configured model cannot learn.
    """
    if settings.sentiment != "linear":
        raise InputError(
            f'The model {settings.sentiment!r} cannot learn. Choose sentiment = "linear".'
        )
    return out if out is not None else folder / (settings.adaptation or DEFAULT_FILE)


def adapt_and_report(labels: Sequence[Label], place: Path, *, out: TextIO) -> int:
    """Learn, tell, and write to ``place`` what is accepted; returns the exit status.

    Raises InputError for too few labels. A refused lesson leaves the file as it is.
    """
    lesson = adapt_all(load(), labels)
    out.write("\n".join(_report_lines(lesson)) + "\n")
    if lesson.adaptation is None:
        out.write("No step forward on labels that were not learned from: nothing is written.\n")
        return EXIT_REFUSED
    try:
        write_adaptation(lesson.adaptation, place)
    except OSError as error:
        raise InputError(f"{place} cannot be written ({error}). Name another file.") from error
    out.write(f'Written to {place}. Use it with: adaptation = "{place.name}"\n')
    return 0


def _report_lines(lesson: AdaptationResult) -> list[str]:
    lines = [f"{'':<20}{'labels':>7}{'accuracy':>10}{'macro-F1':>10}{'log loss':>10}{'ECE':>8}"]
    if lesson.sentiment is None:
        lines.append(_skipped("sentiment"))
    else:
        accepted = lesson.sentiment.adaptation is not None
        learned = lesson.sentiment.learned if accepted else _REFUSED
        lines += _before_and_after(
            "sentiment", lesson.sentiment.before, lesson.sentiment.after, learned
        )
    if lesson.complaint is None:
        lines.append(_skipped("complaint"))
    else:
        learned = "calibration" if lesson.complaint.stretch is not None else _REFUSED
        lines += _before_and_after(
            "complaint", lesson.complaint.before, lesson.complaint.after, learned
        )
    if lesson.category is None:
        lines.append(_skipped("category"))
    else:
        learned = "weights" if lesson.category.regrouped is not None else _REFUSED
        lines += _before_and_after(
            "category", lesson.category.before, lesson.category.after, learned
        )
    return lines


def _skipped(name: str) -> str:
    return f"{name:<20}too few labels, or all say the same: left as it is"


def _before_and_after(name: str, before: Quality, after: Quality, end: str) -> list[str]:
    return [
        f"{f'{name} {when}':<20}{found.texts:>7}{found.accuracy:>10.3f}{found.macro_f1:>10.3f}"
        f"{found.log_loss:>10.3f}{found.calibration_error:>8.3f}{note}"
        for when, found, note in (("before", before, ""), ("after", after, f"  {end}"))
    ]
