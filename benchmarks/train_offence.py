"""Train the model of offence on COLD and own sentences, and report on held-out texts.

    python benchmarks/train_offence.py --data ../shared/data/sentiment [--write]

COLD (Deng et al. 2022) holds Chinese comments on groups of people; what it lacks is in
``offence_sentences.toml``. Reviews count a little as inoffensive. One text in ten and one own
template in four are held out; with ``--write`` the model is trained again on everything, with the
calibration that was learned there. NumPy alone; the same data give the same file.
"""

import argparse
import csv
import gzip
import json
import random
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.sentiment_data import Row
from benchmarks.sentiment_measures import calibration_error, macro_f1
from core.model.judgement import Probabilities
from listeners.judgement.lexicon import word_lists
from listeners.judgement.offence import CELL_BITS, MODEL_FILE, OffenceModel, count_insults
from listeners.judgement.topic_features import topic_features
from listeners.text.normalise import join_spaced_characters, readable

SENTENCES: Final = Path(__file__).with_name("offence_sentences.toml")
SHOPPERS: Final = (
    Path(__file__).parents[1] / "listeners" / "learning" / "training" / "complaints.jsonl"
)
SWEARING: Final = frozenset({"angry", "ranter", "blunt"})
"""Voices that swear; whether they insult is not labelled."""
REVIEWS: Final = 6_000
EACH: Final = 30
"""Sentences a template of our own."""
PASSES: Final = 8
RATE: Final = 0.06
RAREST: Final = 3
_SHIFT: Final = np.uint32(32 - CELL_BITS)
_SLOT: Final = re.compile(r"\{(\w+)\}")
_NOTHING: Final = Probabilities(negative=0.3, neutral=0.4, positive=0.3)

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """One text."""

    text: str
    offensive: bool
    source: str
    held_out: bool
    weight: float = 1.0


def texts(folder: Path) -> list[Labelled]:
    """Everything, in a fixed order."""
    found = [
        Labelled(
            text=line["text"],
            offensive=line["label"] == "1",
            source="COLD",
            held_out=Row(text=line["text"], label=0, domain="cold").held_out,
        )
        for line in _csv(folder / "cold_train.csv.gz")
    ]
    reviews = [line["text"] for line in _csv(folder / "shop7_train.csv.gz")]
    found += [
        Labelled(text=text[:300], offensive=False, source="reviews", held_out=False, weight=0.3)
        for text in random.Random(1).sample(reviews, REVIEWS)
    ]
    for line in SHOPPERS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["author"] not in SWEARING:
            held = row["split"] == "held_out"
            found.append(
                Labelled(text=row["text"], offensive=False, source="shoppers", held_out=held)
            )
    return found + own()


def own() -> list[Labelled]:
    """Own sentences; a template is on one side of the split, its insults are on both."""
    found: dict[str, Labelled] = {}
    tree = tomllib.loads(SENTENCES.read_text(encoding="utf-8"))
    for language, part in tree.items():
        slots = {
            "who": part["who"].split("|" if language == "en" else None),
            "insult": [
                word.rstrip("*")
                for word in word_lists("insult")["insult"]
                if word.isascii() == (language == "en")
            ],
        }
        for kind in ("offensive", "clean"):
            for number, template in enumerate(part[kind].splitlines()):
                held = number % 4 == 3
                chance = random.Random(f"{language}{kind}{number}")
                for _ in range(EACH):
                    text = _filled(template, slots, chance)
                    found[text] = Labelled(
                        text=text, offensive=kind == "offensive", source="own", held_out=held
                    )
    return list(found.values())


def _filled(template: str, slots: dict[str, list[str]], chance: random.Random) -> str:
    return _SLOT.sub(lambda slot: chance.choice(slots[slot[1]]), template)


def _csv(file: Path) -> list[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


@dataclass(kw_only=True, slots=True)
class Fitted:
    """Weights of the cells and of insults, and the bias."""

    weights: Floats
    insult: float = 0.0
    bias: float = 0.0


class Design:
    """Texts as rows of cells."""

    def __init__(self, listed: list[Labelled]) -> None:
        seen = [
            topic_features(join_spaced_characters(readable(one.text)).casefold() or "。", _NOTHING)
            for one in listed
        ]
        hashes = [one.grams for one in seen]
        self.insults = np.array([count_insults(one) for one in seen], float)
        sizes = np.array([len(row) for row in hashes])
        self.cells = np.concatenate(hashes) >> _SHIFT
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        self.scale = 1 / np.sqrt(sizes)
        self.labels = np.array([one.offensive for one in listed], float)
        self.weights = np.array([one.weight for one in listed])
        self.held_out = np.array([one.held_out for one in listed])

    def places(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indices of the cells of the rows, and the number of cells a row."""
        sizes = self.starts[rows + 1] - self.starts[rows]
        before = np.cumsum(sizes) - sizes
        return np.repeat(self.starts[rows] - before, sizes) + np.arange(sizes.sum()), sizes

    def scores(self, fitted: Fitted, rows: NDArray[np.int64]) -> Floats:
        places, sizes = self.places(rows)
        sums = np.add.reduceat(fitted.weights[self.cells[places]], np.cumsum(sizes) - sizes)
        return np.asarray(
            sums * self.scale[rows] + fitted.insult * self.insults[rows] + fitted.bias
        )


def fit(design: Design, rows: NDArray[np.int64]) -> Fitted:
    """Logistic regression by Adagrad; cells that few texts have stay at zero."""
    random_ = np.random.default_rng(5)
    fitted = Fitted(weights=np.zeros(1 << CELL_BITS))
    places, _ = design.places(rows)
    met = np.bincount(design.cells[places], minlength=1 << CELL_BITS) >= RAREST
    seen, seen_two = np.full(1 << CELL_BITS, 1e-3), np.full(2, 1e-3)
    for _ in range(PASSES):
        order = random_.permutation(rows)
        for start in range(0, len(order), 256):
            batch = order[start : start + 256]
            guess = 1 / (1 + np.exp(-design.scores(fitted, batch)))
            error = (guess - design.labels[batch]) * design.weights[batch]
            places, sizes = design.places(batch)
            spread = np.repeat(error * design.scale[batch], sizes)
            touched, where = np.unique(design.cells[places], return_inverse=True)
            slope = np.bincount(where, spread) * met[touched]
            seen[touched] += slope * slope
            fitted.weights[touched] -= RATE * slope / np.sqrt(seen[touched])
            two = np.array([error @ design.insults[batch], error.sum()])
            seen_two += two * two
            insult, bias = RATE * two / np.sqrt(seen_two)
            fitted.insult -= float(insult)
            fitted.bias -= float(bias)
    return fitted


def platt(scores: Floats, labels: Floats) -> tuple[float, float]:
    """Slope and offset of the log-odds fitted to unseen texts (Platt 1999)."""
    slope, offset = 1.0, 0.0
    for _ in range(4_000):
        error = 1 / (1 + np.exp(-(slope * scores + offset))) - labels
        slope -= 0.05 * float((error * scores).mean())
        offset -= 0.2 * float(error.mean())
    return slope, offset


def rounded(fitted: Fitted, slope: float, offset: float) -> OffenceModel:
    """Quantise to one byte a weight."""
    weights = fitted.weights
    unit = float(np.quantile(np.abs(weights[weights != 0]), 0.999)) / 127
    return OffenceModel(
        table=np.clip(np.round(weights / unit), -127, 127).astype(np.int8),
        unit=unit * slope,
        insult=fitted.insult * slope,
        bias=fitted.bias * slope + offset,
    )


def report(model: OffenceModel, design: Design, listed: list[Labelled]) -> None:
    """Figures of each source on what was held out."""
    for source in ("COLD", "own", "shoppers"):
        rows = [n for n, one in enumerate(listed) if one.held_out and one.source == source]
        shares = np.array(
            [
                model.score(
                    design.cells[design.starts[n] : design.starts[n + 1]], int(design.insults[n])
                )
                for n in rows
            ]
        )
        labels = design.labels[rows].astype(int)
        guess = (shares >= 0.5).astype(int)
        sure = np.maximum(shares, 1 - shares)
        print(
            f"{source:<9} n={len(rows):<6} accuracy {100 * np.mean(guess == labels):.1f}"
            f"  macro-F1 {100 * macro_f1(labels, guess, (0, 1)):.1f}"
            f"  ECE {calibration_error(sure, guess == labels):.3f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sentiment"))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    listed = texts(options.data)
    design = Design(listed)
    everything = np.arange(len(listed))
    unseen = np.flatnonzero(design.held_out)
    fitted = fit(design, everything[~design.held_out])
    slope, offset = platt(design.scores(fitted, unseen), design.labels[unseen])
    print(f"{len(listed)} texts; slope {slope:.2f}, offset {offset:.2f}")
    report(rounded(fitted, slope, offset), design, listed)
    if options.write:
        rounded(fit(design, everything), slope, offset).save(MODEL_FILE)
        print(f"{MODEL_FILE.name}: {MODEL_FILE.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
