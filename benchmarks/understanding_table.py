"""Prints the figures of understanding as they come, and at the end beside their targets."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.sentiment_data import Row
from benchmarks.sentiment_measures import Floats, Ints, three_way, two_way
from benchmarks.structure_cases import cases
from core.model.judgement import Probabilities
from listeners.judgement.sentiment.models import SentimentModel

ASKED: Final = (
    ("shop reviews, accuracy", "94"),
    ("a review domain never trained on", "85 / 84"),
    ("the same with 300 of its labels", "88 / 86"),
    ("SMP usual, two classes", "86 macro-F1"),
    ("SMP usual, three classes", "85 / 82"),
    ("unseen Weibo, two classes", "86 / 84.5"),
    ("airline tweets, three classes", "83 / 76.5"),
    ("negated negatives, unlisted words", "80 %"),
    ("contrasts", "90 %"),
    ("calibration error, known / new after 100 labels", ".05 / .05"),
    ("high risk, recall / precision", ".98 / .70"),
    ("disguises: zero-width, width / look-alike, traditional / homophone", ".95 / .90 / .70"),
    ("false matches", "1 %"),
    ("texts per CPU-second, whole judgement", "5,000"),
    ("model file / load / memory", "2 MB / 50 ms / 60 MB"),
)
"""Rows of the last table, with their targets."""


def judged(model: SentimentModel, texts: Sequence[str]) -> Floats:
    """Probabilities, one row a text."""
    return _shares(model.probabilities(texts))


def _shares(found: Sequence[Probabilities]) -> Floats:
    return np.array([(one.negative, one.neutral, one.positive) for one in found])


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Of one model on one set."""

    accuracy: float
    f1: float
    error: float

    def __str__(self) -> str:
        return f"{100 * self.accuracy:5.1f} / {100 * self.f1:5.1f}"


@dataclass(kw_only=True)
class Table:
    """Rows of figures of the model beside those of the classic models."""

    classic: SentimentModel
    sample: int
    """Texts a row that the classic models judge; zero for none."""
    last: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Figures of both, by row of ASKED."""

    def note(self, name: str, ours: str, old: str = "") -> None:
        """Keep a figure for the last table."""
        if name not in dict(ASKED):
            raise KeyError(name)
        self.last[name] = ours.strip(), old.strip()

    def row(
        self,
        name: str,
        model: SentimentModel,
        chosen: list[Row],
        *,
        three: bool,
        asked: str | None = None,
    ) -> Figures:
        """Accuracy / macro-F1 and ECE of both; kept under ``asked`` as well."""
        labels = np.array([row.label for row in chosen])
        texts = [row.text for row in chosen]
        ours = figures(model, chosen, three=three)
        old = self._old(texts, labels, three=three)
        print(
            f"{name:<44} n={len(texts):<6} {ours}  ECE {ours.error:.3f}"
            + (f"   old {old}  ECE {old.error:.3f}" if old else ""),
            flush=True,
        )
        if asked:
            self.note(asked, str(ours), str(old) if old else "")
        return ours

    def _old(self, texts: list[str], labels: Ints, *, three: bool) -> Figures | None:
        if not self.sample:
            return None
        step = max(1, len(texts) // self.sample)
        return _figures(judged(self.classic, texts[::step]), labels[::step], three=three)

    def cases(self, model: SentimentModel) -> None:
        """Share of the project's own sentences that are on the right side."""
        for name, listed in cases().items():
            good = np.array([case.good for case in listed])
            share = _side(judged(model, [case.text for case in listed]), good)
            line, old = f"{name:<44} n={len(listed):<6} {share:5.1f}", ""
            if self.sample:
                step = max(1, len(listed) // self.sample)
                found = judged(self.classic, [case.text for case in listed[::step]])
                old = f"{_side(found, good[::step]):5.1f}"
                line += f"{'':27}old {old}"
            print(line, flush=True)
            if name in {"negated negatives, unlisted words", "contrasts"}:
                self.note(name, f"{share:.1f} %", old and f"{old.strip()} %")

    def close(self) -> None:
        """Print the targets beside the measured figures."""
        print(f"\n{'':<68}{'asked':<22}{'measured':<36}snownlp, VADER")
        for name, ask in ASKED:
            ours, old = self.last.get(name, ("not measured", ""))
            print(f"{name:<68}{ask:<22}{ours:<36}{old}")


def figures(model: SentimentModel, chosen: list[Row], *, three: bool) -> Figures:
    """Of a model on labelled texts."""
    labels = np.array([row.label for row in chosen])
    return _figures(judged(model, [row.text for row in chosen]), labels, three=three)


def figures_of(found: Sequence[Probabilities], chosen: list[Row], *, three: bool) -> Figures:
    """Of probabilities of labelled texts."""
    labels = np.array([row.label for row in chosen])
    return _figures(_shares(found), labels, three=three)


def mean(several: Sequence[Figures]) -> Figures:
    """Figure by figure."""
    return Figures(
        accuracy=float(np.mean([one.accuracy for one in several])),
        f1=float(np.mean([one.f1 for one in several])),
        error=float(np.mean([one.error for one in several])),
    )


def _figures(found: Floats, labels: Ints, *, three: bool) -> Figures:
    accuracy, f1, error = (three_way if three else two_way)(found, labels)
    return Figures(accuracy=accuracy, f1=f1, error=error)


def _side(found: Floats, good: NDArray[np.bool_]) -> float:
    return float(100 * np.mean((found[:, 2] > found[:, 0]) == good))
