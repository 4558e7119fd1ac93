"""The default sentiment model: hashed n-grams, added up, read as the text is built.

Trained by ``benchmarks/train_sentiment.py``; its data, figures and limits are in
``docs/explanation/model-card.md``.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.judgement import Probabilities
from listeners.judgement.contrast import Part
from listeners.judgement.emoji import bracketed
from listeners.judgement.ports import Explained
from listeners.judgement.sentiment_adaptation import Adaptation
from listeners.judgement.sentiment_adaptation import read as read_adaptation
from listeners.judgement.sentiment_evidence import telling
from listeners.judgement.sentiment_file import BITS, CLASSES, Header, Table
from listeners.judgement.sentiment_file import read as read_file
from listeners.judgement.sentiment_grams import Hashes, characters, grams
from listeners.judgement.sentiment_text import spell, squeeze
from listeners.judgement.structure import Reading, read

MODEL: Final = Path(__file__).parent / "models" / "sentiment.bin"
"""The file that ships with the code."""

LONGEST: Final = 20_000
"""Characters; what is longer is a document, not something that one person says."""

HEAD: Final = 4_000
"""Characters of a text that are read."""

UNSURE: Final = (0.3, 0.4, 0.3)
"""The answer to what says nothing: negative, neutral, positive."""

_SHIFT: Final = np.uint32(32 - BITS)
_LETTERS: Final = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)


POWER: Final = 0.5
"""A sum of weights is divided by this power of how many n-grams there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """A part of a text as its n-grams see it."""

    text: str
    by_place: Hashes
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """What the model sees of a text."""

    buckets: NDArray[np.int64]
    values: NDArray[np.float64]
    """What one more in the weight of each bucket adds to the scores."""
    scores: NDArray[np.float64]
    """Log-odds of the three classes, up to a constant."""


class LinearModel:
    """Judges sentiment; a ``SentimentModel``. Safe to share between threads."""

    def __init__(
        self, header: Header, table: Table, *, adaptation: Adaptation | None = None
    ) -> None:
        """``adaptation``: a brand's own, made for this very model."""
        self.adaptation: Final = adaptation
        self._header = header
        self._shipped = table
        self._scale = header.unit / header.temperature
        self._bias = np.array(header.bias) / header.temperature
        if adaptation is not None:
            table = _moved(table, adaptation)
        self._rows = table.view(np.uint32).ravel()

    @property
    def name(self) -> str:
        changed = f"+{self.adaptation.labels}" if self.adaptation else ""
        return f"linear-{self._header.version}{changed}"

    @property
    def unit(self) -> float:
        """What one step of a weight stands for."""
        return self._header.unit

    def adapted(self, adaptation: Adaptation) -> "LinearModel":
        """The model as it ships, with this adaptation instead of any other."""
        return LinearModel(self._header, self._shipped, adaptation=adaptation)

    def weights(self, buckets: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of the three classes, one row a bucket, in units."""
        return self._rows.take(buckets).view(np.int8).reshape(-1, 4)[:, :3].astype(np.float64)

    def probabilities(self, texts: Sequence[str]) -> list[Probabilities]:
        """One a text, in order. Never raises for what a text contains."""
        return [self._one(text) for text in texts]

    def explained(self, texts: Sequence[str]) -> list[Explained]:
        """As ``probabilities``, each with the pieces of ``explain`` where it is not neutral."""
        return [self._explained(text) for text in texts]

    def explain(self, text: str) -> tuple[str, ...]:
        """The pieces of the text that decided, the strongest first; none for what says nothing.

        Pieces are in the spelling of the model: lower case, simplified, numbers as zero.
        """
        reading = self._read(text)
        if reading is None:
            return ()
        looks = self._look(reading.parts)
        return self._pieces(text, reading, looks, int(self._sum(looks).argmax()))

    def scores(self, parts: Sequence[Part]) -> NDArray[np.float64]:
        """Log-odds of the three classes, up to a constant, for spelled parts of a text."""
        return self._sum(self._look(parts))

    def _look(self, parts: Sequence[Part]) -> list[_Look]:
        found = []
        for part in parts:
            text = squeeze(part.text)
            found.append(_Look(text=text, by_place=characters(text), weight=part.weight))
        return found

    def _sum(self, looks: Sequence[_Look]) -> NDArray[np.float64]:
        total = np.zeros(3)
        size = 0
        for look in looks:
            found = grams(look.text)
            rows = self._rows.take(found >> _SHIFT).view(np.int8).reshape(-1, 4)
            # Whole numbers far below 2**24: adding them up as floats is exact, and quicker.
            sums = np.ones(len(found), np.float32) @ rows.astype(np.float32)
            total += look.weight * sums[:3].astype(np.float64)
            size += len(found)
        scores: NDArray[np.float64] = total * (self._scale / size**POWER) + self._bias
        return scores if self.adaptation is None else self.adaptation.applied(scores)

    def _explained(self, text: str) -> Explained:
        reading = self._read(text)
        if reading is None:
            return Explained(probabilities=self._hinted(text), pieces=())
        looks = self._look(reading.parts)
        scores = self._sum(looks)
        most = int(scores.argmax())
        pieces = () if CLASSES[most] == "neutral" else self._pieces(text, reading, looks, most)
        return Explained(probabilities=_shares(*scores.tolist()), pieces=pieces)

    def _pieces(
        self, text: str, reading: Reading, looks: Sequence[_Look], most: int
    ) -> tuple[str, ...]:
        found = [
            (look.weight * strength, piece)
            for look in looks
            for strength, piece in telling(look.text, look.by_place, self._rows, _SHIFT, most)
        ]
        found.sort(key=lambda pair: -pair[0])
        pieces = [piece for _, piece in found]
        if reading.evidence or len(looks) > 1:
            # Plain words that the reading put in are not the author's.
            said = squeeze(spell(text[:HEAD]))
            pieces = [*reading.evidence, *(piece for piece in pieces if piece in said)]
        return tuple(dict.fromkeys(pieces))[:_SHOWN]

    def features(self, text: str) -> Features:
        """What adaptation learns from."""
        reading = self._read(text)
        if reading is None:
            none = np.zeros(0, np.int64)
            return Features(buckets=none, values=np.zeros(0), scores=np.log(UNSURE))
        found = [(grams(squeeze(part.text)) >> _SHIFT, part.weight) for part in reading.parts]
        size = sum(len(buckets) for buckets, _ in found)
        unit = 1 / (size**POWER * self._header.temperature)
        return Features(
            buckets=np.concatenate([buckets for buckets, _ in found]).astype(np.int64),
            values=np.concatenate([np.full(len(b), weight * unit) for b, weight in found]),
            scores=self.scores(reading.parts),
        )

    def lean(self, fragment: str) -> float:
        """How good a spelled fragment is by itself: log-odds of good against bad, in doubt."""
        negative, _, positive = self.scores((Part(text=fragment),)).tolist()
        return float(positive - negative - _DOUBT)

    def _read(self, text: str) -> Reading | None:
        if len(text) > LONGEST:
            return None
        spelled = spell(text[:HEAD])
        return read(spelled, self.lean) if _LETTERS.search(spelled) else None

    def _one(self, text: str) -> Probabilities:
        reading = self._read(text)
        if reading is None:
            return self._hinted(text)
        return _shares(*self.scores(reading.parts).tolist())

    def _hinted(self, text: str) -> Probabilities:
        """Unsure and neutral; emoji without words lean a little."""
        negative, neutral, positive = UNSURE
        hint = bracketed(text[:_FEW])
        if len(text) <= _FEW and hint != text:
            lean = _HINT * math.tanh(self.lean(spell(hint)))
            negative, positive = negative - lean, positive + lean
        return Probabilities(negative=negative, neutral=neutral, positive=positive)


_DOUBT: Final = 0.15
"""Log-odds that a fragment has to be good by before it counts as good: most words that are good
are listed, so that a word of no list is bad more often than it sounds."""

_SHOWN: Final = 4
_FEW: Final = 50
_HINT: Final = 0.05


def _shares(negative: float, neutral: float, positive: float) -> Probabilities:
    top = max(negative, neutral, positive)
    shares = [math.exp(score - top) for score in (negative, neutral, positive)]
    whole = sum(shares)
    return Probabilities(
        negative=shares[0] / whole, neutral=shares[1] / whole, positive=shares[2] / whole
    )


def _moved(table: Table, adaptation: Adaptation) -> Table:
    places = np.array(adaptation.buckets, np.int64)
    moved = table.copy()
    moves = np.array(adaptation.moves, np.int64).reshape(-1, 3)
    moved[places, :3] = np.clip(table[places, :3] + moves, -127, 127)
    return moved


def load(adaptation: Path | None = None, *, path: Path = MODEL) -> LinearModel:
    """The model in the file, with a brand's adaptation where one is given.

    Raises ConfigError where a file is missing, damaged or made for another model.
    """
    header, table = read_file(path)
    model = LinearModel(header, table)
    if adaptation is None:
        return model
    return LinearModel(header, table, adaptation=read_adaptation(adaptation, model.name))
