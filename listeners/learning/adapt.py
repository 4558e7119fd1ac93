"""Adapts the judge to a brand's own labels, reports what it is worth, and writes the file.

Sentiment, complaint, category and intent are learned separately, each kept only where it proves
better on labels that it was not learned from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TextIO, TypeVar

from core.errors import InputError
from core.settings import Settings
from core.taxonomy import Sentiment
from listeners.judgement.adaptation import Adaptation, ToneCalibration, write_adaptation
from listeners.judgement.judge import ScoredText, TextJudge
from listeners.judgement.platt_scaling import PlattScaling
from listeners.judgement.sentiment.linear import LinearModel, load
from listeners.judgement.topics import VERSION
from listeners.judgement.topics import shipped_model as topic_model
from listeners.learning.calibrated import (
    MIN_LABELS,
    MIN_LABELS_FOR_WORDS,
    CalibratedResult,
    adapt_complaint,
    adapt_sentiment,
)
from listeners.learning.labels import Label
from listeners.learning.topics import MIN_CATEGORY_LABELS, GroupResult, adapt_group

MAX_LABELS: Final = 3_000
"""The newest texts, which are learned from; the work grows as the square of their number."""

DEFAULT_FILE: Final = "adaptation.json"
EXIT_REFUSED: Final = 1
"""Exit status where nothing was learned."""

_REFUSED: Final = "refused"
_Value = TypeVar("_Value")
_Labelled = tuple[list[ScoredText], list[_Value]]


@dataclass(frozen=True, kw_only=True, slots=True)
class AdaptationResult:
    """The outcomes by model, and the adaptation that follows from them."""

    sentiment: CalibratedResult[ToneCalibration] | None
    """``None`` where the labels are too few or all the same; so too below."""
    complaint: CalibratedResult[PlattScaling] | None
    category: GroupResult | None
    intent: GroupResult | None
    adaptation: Adaptation | None
    """``None`` where nothing is accepted."""


def adapt_all(model: LinearModel, labels: Sequence[Label]) -> AdaptationResult:
    """Adapt everything that has labels enough; writes nothing.

    ``model``: the shipped one, without an adaptation; of several labels for one text the last
    counts. Raises InputError where nothing has labels enough. A thousand labels take seconds.
    """
    if model.adaptation is not None:
        raise InputError("an adapted model cannot be adapted again: load it without its adaptation")
    newest = list(dict.fromkeys(one.text for one in reversed(labels)))[:MAX_LABELS]
    scored = zip(newest, TextJudge(model).scored(newest), strict=True)
    return adapt_scored({text: one for text, one in scored if one is not None}, labels, model.name)


def adapt_scored(
    scored: Mapping[str, ScoredText], labels: Sequence[Label], model: str
) -> AdaptationResult:
    """As ``adapt_all``, to texts that the shipped judge has scored; others are left out.

    ``model``: name of the sentiment model.
    """

    def labelled(value: Callable[[Label], _Value | None], least: int) -> _Labelled[_Value] | None:
        """The texts with a label; ``None`` where they are too few or all alike."""
        last = {
            one.text: found
            for one in labels
            if one.text in scored and (found := value(one)) is not None
        }
        if len(last) < least or len(set(last.values())) < 2:
            return None
        return [scored[text] for text in last], list(last.values())

    topics = topic_model()
    tones: _Labelled[Sentiment] | None = labelled(lambda one: one.sentiment, MIN_LABELS)
    said = labelled(lambda one: one.complaint, MIN_LABELS)
    categories = labelled(lambda one: _trained("category", one.category), MIN_CATEGORY_LABELS)
    intents = labelled(lambda one: _trained("intent", one.intent), MIN_LABELS_FOR_WORDS)
    if not any((tones, said, categories, intents)):
        raise InputError(
            f"the labels are too few to learn from, or all the same: correct at least {MIN_LABELS}"
        )
    sentiment = adapt_sentiment(topics, *tones) if tones else None
    complaint = adapt_complaint(topics, *said) if said else None
    category = adapt_group(topics, "category", *categories) if categories else None
    intent = adapt_group(topics, "intent", *intents) if intents else None
    found = [one for one in (sentiment, complaint, category, intent) if one is not None]
    learned = Adaptation(
        model=model,
        labels=max(one.before.texts for one in found),
        tone=sentiment.calibration if sentiment else None,
        complaint=complaint.calibration if complaint else None,
        shifts=tuple(one.shift for one in found if one.shift is not None),
        topics=VERSION,
    )
    accepted = any((learned.tone, learned.complaint, learned.shifts))
    return AdaptationResult(
        sentiment=sentiment,
        complaint=complaint,
        category=category,
        intent=intent,
        adaptation=learned if accepted else None,
    )


def _trained(kind: Literal["category", "intent"], name: str | None) -> str | None:
    """The name of a label that the topic model can predict."""
    return name if f"{kind}.{name}" in topic_model().labels else None


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
    for name, one in (("sentiment", result.sentiment), ("complaint", result.complaint)):
        learned = _REFUSED if one is None or one.calibration is None else one.learned
        lines += _before_and_after(name, one, learned)
    for name, group in (("category", result.category), ("intent", result.intent)):
        learned = _REFUSED if group is None or group.shift is None else "weights"
        lines += _before_and_after(name, group, learned)
    return lines


def _before_and_after(
    name: str,
    result: CalibratedResult[ToneCalibration] | CalibratedResult[PlattScaling] | GroupResult | None,
    end: str,
) -> list[str]:
    if result is None:
        return [f"{name:<20}too few labels, or all say the same: unchanged"]
    return [
        f"{f'{name} {when}':<20}{found.texts:>7}{found.accuracy:>10.3f}{found.macro_f1:>10.3f}"
        f"{found.log_loss:>10.3f}{found.calibration_error:>8.3f}{note}"
        for when, found, note in (
            ("before", result.before, ""),
            ("after", result.after, f"  {end}"),
        )
    ]
