"""What ``adapt`` does and prints: before, after, and whether it is kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from core.errors import InputError
from core.settings import Settings
from listeners.judgement.adaptation import write
from listeners.judgement.sentiment.linear import load
from listeners.learning.adapt import Lesson, learn
from listeners.learning.adapt_measures import Quality
from listeners.learning.sentiment import Label

DEFAULT: Final = "adaptation.json"
REFUSED: Final = 1
"""Exit status where nothing was learned."""

_REFUSED: Final = "refused"


def place_of(settings: Settings, folder: Path, out: Path | None) -> Path:
    """Where to write: as asked for, else as configured, else beside the configuration.

    Raises InputError where the configured model cannot learn.
    """
    if settings.sentiment != "linear":
        raise InputError(
            f'The model {settings.sentiment!r} cannot learn. Choose sentiment = "linear".'
        )
    return out if out is not None else folder / (settings.adaptation or DEFAULT)


def teach(labels: Sequence[Label], place: Path, *, out: TextIO) -> int:
    """Learn, tell, and write to ``place`` what is accepted; returns the exit status.

    Raises InputError for too few labels. A refused lesson leaves the file as it is.
    """
    lesson = learn(load(), labels)
    out.write("\n".join(_told(lesson)) + "\n")
    if lesson.adaptation is None:
        out.write("No step forward on labels that were not learned from: nothing is written.\n")
        return REFUSED
    try:
        write(lesson.adaptation, place)
    except OSError as error:
        raise InputError(f"{place} cannot be written ({error}). Name another file.") from error
    out.write(f'Written to {place}. Use it with: adaptation = "{place.name}"\n')
    return 0


def _told(lesson: Lesson) -> list[str]:
    lines = [f"{'':<20}{'labels':>7}{'accuracy':>10}{'macro-F1':>10}{'log loss':>10}{'ECE':>8}"]
    if lesson.sentiment is None:
        lines.append(_left("sentiment"))
    else:
        accepted = lesson.sentiment.adaptation is not None
        learned = lesson.sentiment.learned if accepted else _REFUSED
        lines += _both("sentiment", lesson.sentiment.before, lesson.sentiment.after, learned)
    if lesson.complaint is None:
        lines.append(_left("complaint"))
    else:
        learned = "calibration" if lesson.complaint.stretch is not None else _REFUSED
        lines += _both("complaint", lesson.complaint.before, lesson.complaint.after, learned)
    if lesson.category is None:
        lines.append(_left("category"))
    else:
        learned = "weights" if lesson.category.regrouped is not None else _REFUSED
        lines += _both("category", lesson.category.before, lesson.category.after, learned)
    return lines


def _left(name: str) -> str:
    return f"{name:<20}too few labels, or all say the same: left as it is"


def _both(name: str, before: Quality, after: Quality, end: str) -> list[str]:
    return [
        f"{f'{name} {when}':<20}{found.texts:>7}{found.accuracy:>10.3f}{found.macro_f1:>10.3f}"
        f"{found.log_loss:>10.3f}{found.calibration_error:>8.3f}{note}"
        for when, found, note in (("before", before, ""), ("after", after, f"  {end}"))
    ]
