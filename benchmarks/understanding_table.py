"""Prints the figures of understanding as they come, and at the end beside their targets."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.sentiment_data import Row
from benchmarks.sentiment_measures import Floats, Ints, three_way, two_way
from benchmarks.structure_cases import cases
from core.model.judgement import Probabilities
from listeners.judgement.sentiment.models import SentimentModel

ASKED: Final = (
    ("complaint F1, all", ".82"),
    ("complaint F1, shop and service", ".85"),
    ("ordinary texts called complaints", "≤ .03"),
    ("any risk, precision", ".65"),
    ("any risk, recall", ".85"),
    ("category among complaints", ".76"),
    ("intent", ".81"),
    ("sentiment", ".87"),
    ("sentiment of service messages", ".75"),
    ("P1 and P2 that are false", "≤ .30"),
    ("P1 and P2 that are missed", "≤ .15"),
    ("tickets P1-P3 and drafts not needed", "≤ .08"),
    ("texts for nobody that become one", "≤ .03"),
    ("relevance", ""),
    ("adverse facts, precision", ""),
    ("adverse facts, recall", ""),
    ("unsafe automatic replies", "0"),
    ("shop reviews, accuracy", "94.8"),
    ("a review domain never trained on", "85.5 / 84.3"),
    ("the same with 300 of its labels", "88 / 86"),
    ("SMP usual, two classes", "89 / 86.3"),
    ("SMP usual, three classes", "85.5 / 83"),
    ("known Weibo, two classes", "88.2 / 86.4"),
    ("unseen Weibo, two classes", "86 / 84.5"),
    ("airline tweets, three classes", "83.2 / 77.2"),
    ("other tweets, three classes", "60 / 59"),
    ("negated negatives, unlisted words", "80 %"),
    ("contrasts", "90 %"),
    ("calibration error, known / new after 100 labels", ".05 / .05"),
    ("disguises: zero-width, width / look-alike, traditional / homophone", ".95 / .90 / .70"),
    ("false matches", "1 %"),
    ("texts per CPU-second, whole judgement", "4,000"),
    ("model file / load / memory", "2 MB / 50 ms / 60 MB"),
)
"""Rows of the last table, with their targets; first those of labels by reading."""

_SAMPLES: Final = 1_000


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
    intervals: tuple[tuple[float, float], ...] = ()
    """Of accuracy and F1, from bootstrap samples of the texts; empty where they are not drawn."""

    def __str__(self) -> str:
        shares = [f"{100 * self.accuracy:5.1f}", f"{100 * self.f1:5.1f}"]
        for place, (low, high) in enumerate(self.intervals):
            shares[place] += f" [{100 * low:.1f}-{100 * high:.1f}]"
        return " / ".join(shares)


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
        print(f"\n{'':<68}{'asked':<22}{'measured':<50}snownlp, VADER")
        for name, ask in ASKED:
            ours, old = self.last.get(name, ("not measured", ""))
            print(f"{name:<68}{ask:<22}{ours:<50}{old}")


def figures(model: SentimentModel, chosen: list[Row], *, three: bool) -> Figures:
    """Of a model on labelled texts."""
    labels = np.array([row.label for row in chosen])
    found = judged(model, [row.text for row in chosen])
    whole = _figures(found, labels, three=three)
    return replace(whole, intervals=_intervals(found, labels, three=three))


def _intervals(found: Floats, labels: Ints, *, three: bool) -> tuple[tuple[float, float], ...]:
    """The 95 % intervals of accuracy and F1 (Efron 1979)."""
    random, count = np.random.default_rng(20261130), len(labels)
    samples = (random.integers(0, count, count) for _ in range(_SAMPLES))
    drawn = [_figures(found[places], labels[places], three=three) for places in samples]
    bounds = np.quantile([(one.accuracy, one.f1) for one in drawn], (0.025, 0.975), axis=0)
    return tuple((low, high) for low, high in bounds.T.tolist())


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
