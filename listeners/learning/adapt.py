"""Adapts all models to a brand's own labels, reports what it is worth, and writes the file.

Sentiment, complaint and category are learned separately, each kept only where it proves better on
labels that it was not learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TextIO

from core.errors import InputError
from core.settings import Settings
from listeners.judgement.adaptation import Adaptation, write_adaptation
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment.linear import LinearModel, load
from listeners.judgement.topics import VERSION
from listeners.judgement.topics import shipped_model as topic_model
from listeners.learning.cross_validation import Quality
from listeners.learning.labels import Label
from listeners.learning.sentiment import MAX_LABELS, MIN_LABELS, SentimentResult, adapt_sentiment
from listeners.learning.topics import (
    MIN_CATEGORY_LABELS,
    CategoryResult,
    ComplaintResult,
    adapt_category,
    adapt_complaint,
)

DEFAULT_FILE: Final = "adaptation.json"
EXIT_REFUSED: Final = 1
"""Exit status where nothing was learned."""

_REFUSED: Final = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptationResult:
    """The outcomes by model, and the adaptation that follows from them."""

    sentiment: SentimentResult | None
    """``None`` where the labels are too few or all the same; so too below."""
    complaint: ComplaintResult | None
    category: CategoryResult | None
    adaptation: Adaptation | None
    """``None`` where nothing is accepted."""


def adapt_all(model: LinearModel, labels: Sequence[Label]) -> AdaptationResult:
    """Adapt each model that has labels enough; writes nothing.

    Raises InputError as ``adapt_sentiment`` where no model has.
    """
    done, adaptation = None, None
    try:
        done = adapt_sentiment(model, labels)
    except InputError:
        if not _category_labels(labels):
            raise
    if done is not None:
        adaptation = done.adaptation
    # The adapted sentiment has seen these labels and would bias the other results.
    judge = TextJudge(model)
    complaint = _complaint(judge, labels)
    if complaint is not None and complaint.scaling is not None:
        adaptation = replace(
            adaptation or _unchanged_sentiment(model, complaint.before.texts),
            complaint=complaint.scaling,
            topics=VERSION,
        )
    category = _category(judge, labels)
    if category is not None and category.shift is not None:
        adaptation = replace(
            adaptation or _unchanged_sentiment(model, category.before.texts),
            categories=category.shift,
            topics=VERSION,
        )
    return AdaptationResult(
        sentiment=done, complaint=complaint, category=category, adaptation=adaptation
    )


def _unchanged_sentiment(model: LinearModel, labels: int) -> Adaptation:
    return Adaptation(model=model.name, labels=labels, slope=1.0, bias=(0.0, 0.0, 0.0))


def _complaint(judge: TextJudge, labels: Sequence[Label]) -> ComplaintResult | None:
    last = {one.text: one.complaint for one in labels if one.complaint is not None}
    if len(last) < MIN_LABELS or len(set(last.values())) < 2:
        return None
    found = judge.judge_now(tuple(last))
    return adapt_complaint([one.complaint for one in found], tuple(last.values()))


def _category_labels(labels: Sequence[Label]) -> dict[str, str]:
    """The trained category of each text that has one; empty where they are too few."""
    trained = topic_model().categories
    last = {one.text: one.category for one in labels if one.category in trained}
    return last if len(last) >= MIN_CATEGORY_LABELS and len(set(last.values())) > 1 else {}


def _category(judge: TextJudge, labels: Sequence[Label]) -> CategoryResult | None:
    seen = [
        (features, category)
        for text, category in list(_category_labels(labels).items())[-MAX_LABELS:]
        if (features := judge.features(text)) is not None
    ]
    if len(seen) < MIN_CATEGORY_LABELS:
        return None
    return adapt_category(topic_model(), [one for one, _ in seen], [name for _, name in seen])


def output_path(settings: Settings, folder: Path, out: Path | None) -> Path:
    """The file to write: ``out``, else the configured one, else one beside the configuration.

    Raises InputError where the configured model cannot be adapted.
    """
    if settings.sentiment != "linear":
        raise InputError(
            f'The model {settings.sentiment!r} cannot be adapted. Choose sentiment = "linear".'
        )
    return out if out is not None else folder / (settings.adaptation or DEFAULT_FILE)


def adapt_and_report(labels: Sequence[Label], place: Path, *, out: TextIO) -> int:
    """Adapt, print the report, and write what is accepted to ``place``; returns the exit status.

    Raises InputError for too few labels. Where nothing is accepted, the file stays as it is.
    """
    result = adapt_all(load(), labels)
    out.write("\n".join(_report_lines(result)) + "\n")
    if result.adaptation is None:
        out.write("No improvement on labels that were not learned from: nothing is written.\n")
        return EXIT_REFUSED
    try:
        write_adaptation(result.adaptation, place)
    except OSError as error:
        raise InputError(f"{place} cannot be written ({error}). Name another file.") from error
    out.write(f'Written to {place}. Use it with: adaptation = "{place.name}"\n')
    return 0


def _report_lines(result: AdaptationResult) -> list[str]:
    lines = [f"{'':<20}{'labels':>7}{'accuracy':>10}{'macro-F1':>10}{'log loss':>10}{'ECE':>8}"]
    if result.sentiment is None:
        lines.append(_skipped("sentiment"))
    else:
        accepted = result.sentiment.adaptation is not None
        learned = result.sentiment.learned if accepted else _REFUSED
        lines += _before_and_after(
            "sentiment", result.sentiment.before, result.sentiment.after, learned
        )
    if result.complaint is None:
        lines.append(_skipped("complaint"))
    else:
        learned = "calibration" if result.complaint.scaling is not None else _REFUSED
        lines += _before_and_after(
            "complaint", result.complaint.before, result.complaint.after, learned
        )
    if result.category is None:
        lines.append(_skipped("category"))
    else:
        learned = "weights" if result.category.shift is not None else _REFUSED
        lines += _before_and_after(
            "category", result.category.before, result.category.after, learned
        )
    return lines


def _skipped(name: str) -> str:
    return f"{name:<20}too few labels, or all say the same: unchanged"


def _before_and_after(name: str, before: Quality, after: Quality, end: str) -> list[str]:
    return [
        f"{f'{name} {when}':<20}{found.texts:>7}{found.accuracy:>10.3f}{found.macro_f1:>10.3f}"
        f"{found.log_loss:>10.3f}{found.calibration_error:>8.3f}{note}"
        for when, found, note in (("before", before, ""), ("after", after, f"  {end}"))
    ]
