"""LINEAR"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.judgement import Probabilities
from listeners.judgement.adaptation import Adaptation, read_adaptation
from listeners.judgement.ngrams import LONGEST_NGRAM, Hashes, character_ngrams, ngrams, word_ngrams
from listeners.judgement.sentiment.model_file import (
    BUCKET_BITS,
    CLASSES,
    ModelHeader,
    Table,
    read_model,
)
from listeners.judgement.sentiment.models import Explained
from listeners.judgement.sentiment.spelling import emoji_as_brackets, spell, squeeze
from listeners.judgement.sentiment.structure import StructuredText, WeightedPart, analyse
from listeners.judgement.sentiment.structure_words import structure_words

MODEL_FILE: Final = Path(__file__).with_name("sentiment.bin")
"""The file that ships with the code."""

MAX_LENGTH: Final = 20_000
"""Characters; what is longer is a document, not something that one person says."""

READ_LENGTH: Final = 4_000
"""Characters of a text that are read."""

UNSURE: Final = (0.3, 0.4, 0.3)
"""The answer to what says nothing: negative, neutral, positive."""

_SHIFT: Final = np.uint32(32 - BUCKET_BITS)
_LETTERS: Final = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)


LENGTH_POWER: Final = 0.5
"""A sum of weights is divided by this power of how many n-grams there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _PartFeatures:
    """A part of a text as its n-grams see it."""

    text: str
    by_place: Hashes
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SentimentFeatures:
    """What the model sees of a text."""

    buckets: NDArray[np.int64]
    values: NDArray[np.float64]
    """What one more in the weight of each bucket adds to the scores."""
    scores: NDArray[np.float64]
    """Log-odds of the three classes, up to a constant."""


class LinearModel:
    """Judges sentiment; a ``SentimentModel``. Safe to share between threads."""

    def __init__(
        self, header: ModelHeader, table: Table, *, adaptation: Adaptation | None = None
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

    def scores(self, parts: Sequence[WeightedPart]) -> NDArray[np.float64]:
        """Log-odds of the three classes, up to a constant, for spelled parts of a text."""
        return self._sum(self._look(parts))

    def _look(self, parts: Sequence[WeightedPart]) -> list[_PartFeatures]:
        found = []
        for part in parts:
            text = squeeze(part.text)
            found.append(
                _PartFeatures(text=text, by_place=character_ngrams(text), weight=part.weight)
            )
        return found

    def _sum(self, looks: Sequence[_PartFeatures]) -> NDArray[np.float64]:
        total = np.zeros(3)
        size = 0
        for look in looks:
            found = ngrams(look.text)
            rows = self._rows.take(found >> _SHIFT).view(np.int8).reshape(-1, 4)
            # Whole numbers far below 2**24: adding them up as floats is exact, and quicker.
            sums = np.ones(len(found), np.float32) @ rows.astype(np.float32)
            total += look.weight * sums[:3].astype(np.float64)
            size += len(found)
        scores: NDArray[np.float64] = total * (self._scale / size**LENGTH_POWER) + self._bias
        return scores if self.adaptation is None else self.adaptation.applied(scores)

    def _explained(self, text: str) -> Explained:
        reading = self._read(text)
        if reading is None:
            return Explained(probabilities=self._hinted(text), pieces=())
        looks = self._look(reading.parts)
        scores = self._sum(looks)
        most = int(scores.argmax())
        pieces = () if CLASSES[most] == "neutral" else self._pieces(text, reading, looks, most)
        return Explained(probabilities=_probabilities(*scores.tolist()), pieces=pieces)

    def _pieces(
        self, text: str, reading: StructuredText, looks: Sequence[_PartFeatures], most: int
    ) -> tuple[str, ...]:
        found = [
            (look.weight * strength, piece)
            for look in looks
            for strength, piece in decisive_pieces(
                look.text, look.by_place, self._rows, _SHIFT, most
            )
        ]
        found.sort(key=lambda pair: -pair[0])
        pieces = [piece for _, piece in found]
        if reading.evidence or len(looks) > 1:
            # Plain words that the reading put in are not the author's.
            said = squeeze(spell(text[:READ_LENGTH]))
            pieces = [*reading.evidence, *(piece for piece in pieces if piece in said)]
        return tuple(dict.fromkeys(pieces))[:_MAX_PIECES]

    def features(self, text: str) -> SentimentFeatures:
        """What adaptation learns from."""
        reading = self._read(text)
        if reading is None:
            none = np.zeros(0, np.int64)
            return SentimentFeatures(buckets=none, values=np.zeros(0), scores=np.log(UNSURE))
        found = [(ngrams(squeeze(part.text)) >> _SHIFT, part.weight) for part in reading.parts]
        size = sum(len(buckets) for buckets, _ in found)
        unit = 1 / (size**LENGTH_POWER * self._header.temperature)
        return SentimentFeatures(
            buckets=np.concatenate([buckets for buckets, _ in found]).astype(np.int64),
            values=np.concatenate([np.full(len(b), weight * unit) for b, weight in found]),
            scores=self.scores(reading.parts),
        )

    def lean(self, fragment: str) -> float:
        """How good a spelled fragment is by itself: log-odds of good against bad, in doubt."""
        negative, _, positive = self.scores((WeightedPart(text=fragment),)).tolist()
        return float(positive - negative - _POLARITY_BIAS)

    def _read(self, text: str) -> StructuredText | None:
        if len(text) > MAX_LENGTH:
            return None
        spelled = spell(text[:READ_LENGTH])
        return analyse(spelled, self.lean) if _LETTERS.search(spelled) else None

    def _one(self, text: str) -> Probabilities:
        reading = self._read(text)
        if reading is None:
            return self._hinted(text)
        return _probabilities(*self.scores(reading.parts).tolist())

    def _hinted(self, text: str) -> Probabilities:
        """Unsure and neutral; emoji without words lean a little."""
        negative, neutral, positive = UNSURE
        hint = emoji_as_brackets(text[:_EMOJI_ONLY_LENGTH])
        if len(text) <= _EMOJI_ONLY_LENGTH and hint != text:
            lean = _EMOJI_WEIGHT * math.tanh(self.lean(spell(hint)))
            negative, positive = negative - lean, positive + lean
        return Probabilities(negative=negative, neutral=neutral, positive=positive)


_POLARITY_BIAS: Final = 0.15
"""Log-odds that a fragment has to be good by before it counts as good: most words that are good
are listed, so that a word of no list is bad more often than it sounds."""

_MAX_PIECES: Final = 4
_EMOJI_ONLY_LENGTH: Final = 50
_EMOJI_WEIGHT: Final = 0.05


def _probabilities(negative: float, neutral: float, positive: float) -> Probabilities:
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


def load(adaptation: Path | None = None, *, path: Path = MODEL_FILE) -> LinearModel:
    """The model in the file, with a brand's adaptation where one is given.

    Raises ConfigError where a file is missing, damaged or made for another model.
    """
    header, table = read_model(path)
    model = LinearModel(header, table)
    if adaptation is None:
        return model
    return LinearModel(header, table, adaptation=read_adaptation(adaptation, model.name))


Floats = NDArray[np.float32]

EVIDENCE_LENGTH: Final = 400
"""Characters of a part that are looked through: staff are shown a few pieces only."""

_MAX_CHINESE_PIECE: Final = 6
"""Characters of a Chinese piece."""

_MIN_LATIN_PIECE: Final = 4
"""Letters under which a Latin word is shown only if a list has it: *bad*, but not *was*."""

_MIN_STRENGTH: Final = 5.0
"""Units of weight under which a piece says nothing."""

_WORD: Final = re.compile(r"[a-z][a-z'\-]*")


def decisive_pieces(
    text: str,
    by_place: Hashes,
    rows: NDArray[np.uint32],
    shift: np.uint32,
    sentiment: int,
) -> Iterator[tuple[float, str]]:
    """Pieces of a squeezed text with their strengths, Chinese and Latin ones each in their order.

    ``by_place``: hashes of its character n-grams; ``rows``: four weights a bucket, packed;
    ``sentiment``: whose weights count, those of the others being their contrary.
    """
    text = text[:EVIDENCE_LENGTH]
    strengths = _by_character(by_place[:, : len(text) + 2], rows, shift, sentiment)
    # The text is set between spaces.
    del strengths[0]
    yield from _chinese(text, strengths)
    listed = structure_words().english
    for piece in _WORD.finditer(text):
        start, end = piece.span()
        own = rows.take(word_ngrams(piece[0])[:1] >> shift).view(np.int8)
        strength = sum(strengths[start:end]) + int(own[sentiment])
        if strength >= _MIN_STRENGTH and (end - start >= _MIN_LATIN_PIECE or piece[0] in listed):
            yield strength, piece[0]


def _chinese(text: str, strengths: list[float]) -> Iterator[tuple[float, str]]:
    """Stretches of Chinese in which every character speaks for the sentiment."""
    total, first = 0.0, 0
    # The strength of the space behind the text ends the last stretch.
    for place, (char, strength) in enumerate(zip(text + " ", strengths, strict=False)):
        speaks = strength > 0 and "\u3400" <= char <= "\u9fff"
        if speaks and place - first < _MAX_CHINESE_PIECE:
            total += strength
            continue
        if total >= _MIN_STRENGTH and place - first > 1:
            yield total, text[first:place]
        total, first = (strength, place) if speaks else (0.0, place + 1)


def _by_character(
    hashes: Hashes, rows: NDArray[np.uint32], shift: np.uint32, sentiment: int
) -> list[float]:
    """How much each character speaks for the sentiment, from the space before the first on."""
    weights = rows.take(hashes >> shift).view(np.int8)[:, sentiment::4].T
    size = hashes.shape[1]
    padded = np.zeros((size + LONGEST_NGRAM - 1, LONGEST_NGRAM), np.float32)
    np.matmul(weights.astype(np.float32), _SPREAD, out=padded[LONGEST_NGRAM - 1 :])
    # What is said of a character stands on the diagonal: by the n-grams that begin at it, and by
    # those that begin one to four before.
    step = padded.itemsize
    diagonal: Floats = np.ndarray(
        (size, LONGEST_NGRAM),
        np.float32,
        padded,
        (LONGEST_NGRAM - 1) * LONGEST_NGRAM * step,
        (LONGEST_NGRAM * step, (1 - LONGEST_NGRAM) * step),
    )
    strengths: list[float] = diagonal.sum(axis=1).tolist()
    return strengths


_SPREAD: Final = (
    np.tril(np.ones((LONGEST_NGRAM, LONGEST_NGRAM))) / np.arange(1, LONGEST_NGRAM + 1)[:, None]
).astype("f4")
"""An n-gram speaks for each of its characters alike: row is its length, column the character."""
