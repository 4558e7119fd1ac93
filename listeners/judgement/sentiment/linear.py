"""The default sentiment model: a linear model over hashed n-grams of the structured text.

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

from core.model.judgement import Probabilities
from listeners.judgement.adaptation import Adaptation, read_adaptation
from listeners.judgement.ngrams import NgramBatch, ngrams, ngrams_of_all
from listeners.judgement.sentiment.evidence import WeightedPiece, decisive_pieces
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
from listeners.text.quotations import split_quoted

Floats = NDArray[np.float32]

MODEL_FILE: Final = Path(__file__).with_name("sentiment.bin")
"""The model that ships with the code."""

MAX_LENGTH: Final = 20_000
"""Characters; a longer text is a document, and is not judged."""

READ_LENGTH: Final = 4_000
"""Characters of a text that are judged."""

UNCERTAIN: Final = (0.3, 0.4, 0.3)
"""Probabilities of a text without words: negative, neutral, positive."""

_SHIFT: Final = np.uint32(32 - BUCKET_BITS)
_LETTERS: Final = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)

LENGTH_POWER: Final = 0.5
"""The sum of weights is divided by the number of n-grams to this power."""

_POLARITY_BIAS: Final = 0.15
"""Log-odds from which a fragment counts as good: since most good words are listed, an unlisted word
is bad more often than its weights say."""

_MAX_PIECES: Final = 4
_ABOVE_ZERO: Final = np.uint32(0x80808080)
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_EMOJI_ONLY_LENGTH: Final = 50
_EMOJI_WEIGHT: Final = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class SentimentFeatures:
    """The features of a text, for adaptation."""

    buckets: NDArray[np.int64]
    values: NDArray[np.float64]
    """Change of the scores for one unit more in the weight of each bucket."""
    scores: NDArray[np.float64]
    """Log-odds of the three classes, up to a constant."""


class LinearModel:
    """A ``SentimentModel``; safe to share between threads."""

    def __init__(
        self, header: ModelHeader, table: Table, *, adaptation: Adaptation | None = None
    ) -> None:
        """``adaptation``: a brand's own, made for this model."""
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
        """Value of a weight of one."""
        return self._header.unit

    def adapted(self, adaptation: Adaptation) -> "LinearModel":
        """The shipped model with this adaptation in place of any other."""
        return LinearModel(self._header, self._shipped, adaptation=adaptation)

    def weights(self, buckets: NDArray[np.int64]) -> NDArray[np.float64]:
        """Weights in units, shape (buckets, classes)."""
        return self._rows.take(buckets).view(np.int8).reshape(-1, 4)[:, :3].astype(np.float64)

    def probabilities(self, texts: Sequence[str]) -> list[Probabilities]:
        """As ``SentimentModel``."""
        return [self._one(text) for text in texts]

    def explained(self, texts: Sequence[str]) -> list[Explained]:
        """As ``ExplainableModel``."""
        analysed = self._analysed(texts)
        known = [one for one in analysed if one is not None]
        scores, pieces = self._read(known)
        found: list[Explained] = []
        following = zip(known, scores.tolist(), pieces, strict=True)
        for text, structured in zip(texts, analysed, strict=True):
            if structured is None:
                found.append(Explained(probabilities=self._hinted(text), pieces=()))
                continue
            _, row, decisive = next(following)
            found.append(
                Explained(
                    probabilities=_probabilities(*row),
                    pieces=() if decisive is None else _shown(text, structured, decisive),
                )
            )
        return found

    def explain(self, text: str) -> tuple[str, ...]:
        """The decisive pieces of a text, strongest first; none for a text without words.

        They are in the spelling of the model: lower case, simplified, numbers as zero.
        """
        structured = self._analyse(text)
        if structured is None:
            return ()
        _, (decisive,) = self._read((structured,), of_neutral=True)
        return _shown(text, structured, decisive or ())

    def scores(self, parts: Sequence[WeightedPart]) -> NDArray[np.float64]:
        """Log-odds of the three classes, up to a constant, of spelled parts."""
        total = np.zeros(3)
        size = 0
        for part in parts:
            found = ngrams(squeeze(part.text))
            rows = self._rows.take(found >> _SHIFT).view(np.int8).reshape(-1, 4)
            # The sums are integers far below 2**24: exact in float32, and faster.
            sums = np.ones(len(found), np.float32) @ rows.astype(np.float32)
            total += part.weight * sums[:3].astype(np.float64)
            size += len(found)
        scores: NDArray[np.float64] = total * (self._scale / size**LENGTH_POWER) + self._bias
        return scores if self.adaptation is None else self.adaptation.applied(scores)

    def _scores(
        self, texts: Sequence[Sequence[WeightedPart]], batch: NgramBatch
    ) -> NDArray[np.float64]:
        """As ``scores`` for each text, from the n-grams of all their parts."""
        sums = _sums(self._rows.take(batch.distinct >> _SHIFT), batch)
        weights = np.array([part.weight for parts in texts for part in parts])
        counts = np.array(list(map(len, texts)))
        firsts = np.cumsum(counts) - counts
        totals = np.add.reduceat(sums * weights[:, None], firsts, axis=0)
        sizes = np.add.reduceat(batch.sizes, firsts)
        scores: NDArray[np.float64] = (
            totals * (self._scale / sizes**LENGTH_POWER)[:, None] + self._bias
        )
        if self.adaptation is None:
            return scores
        return np.array([self.adaptation.applied(row) for row in scores])

    def _read(
        self, texts: Sequence[StructuredText], *, of_neutral: bool = False
    ) -> tuple[NDArray[np.float64], list[tuple[WeightedPiece, ...] | None]]:
        """The scores of texts, and the decisive pieces of all but neutral ones."""
        if not texts:
            return np.zeros((0, 3)), []
        parts = [part for text in texts for part in text.parts]
        spelled = [squeeze(part.text) for part in parts]
        batch = ngrams_of_all(spelled)
        scores = self._scores([text.parts for text in texts], batch)
        counts = np.array([len(text.parts) for text in texts])
        firsts = np.cumsum(counts) - counts
        most = scores.argmax(axis=1)
        asked = np.repeat(most, counts).tolist()
        wanted = [place for place, of in enumerate(asked) if of_neutral or CLASSES[of] != "neutral"]
        found = decisive_pieces(
            [spelled[place] for place in wanted],
            [batch.by_place[batch.places[place] :] for place in wanted],
            [asked[place] for place in wanted],
            rows=self._rows,
            shift=_SHIFT,
        )
        by_part = dict(zip(wanted, found, strict=True))
        return scores, [
            tuple(
                (parts[place].weight * strength, piece)
                for place in range(first, first + count)
                for strength, piece in by_part[place]
            )
            if first in by_part
            else None
            for first, count in zip(firsts.tolist(), counts.tolist(), strict=True)
        ]

    def features(self, text: str) -> SentimentFeatures:
        """The features that adaptation learns from."""
        structured = self._analyse(text)
        if structured is None:
            none = np.zeros(0, np.int64)
            return SentimentFeatures(buckets=none, values=np.zeros(0), scores=np.log(UNCERTAIN))
        found = [(ngrams(squeeze(part.text)) >> _SHIFT, part.weight) for part in structured.parts]
        size = sum(len(buckets) for buckets, _ in found)
        unit = 1 / (size**LENGTH_POWER * self._header.temperature)
        return SentimentFeatures(
            buckets=np.concatenate([buckets for buckets, _ in found]).astype(np.int64),
            values=np.concatenate([np.full(len(b), weight * unit) for b, weight in found]),
            scores=self.scores(structured.parts),
        )

    def polarity(self, fragment: str) -> float:
        """Log-odds of good against bad of a spelled fragment, less ``_POLARITY_BIAS``."""
        negative, _, positive = self.scores((WeightedPart(text=fragment),)).tolist()
        return float(positive - negative - _POLARITY_BIAS)

    def _analyse(self, text: str) -> StructuredText | None:
        (found,) = self._analysed((text,))
        return found

    def _analysed(self, texts: Sequence[str]) -> list[StructuredText | None]:
        """The structures of texts; ``None`` for one without words, and for a document."""
        spelled = [spell(text[:READ_LENGTH]) if len(text) <= MAX_LENGTH else "" for text in texts]
        # A comment and what it quotes are weighed against each other: the only whole texts asked
        # for, so they are scored together.
        halves = [half for text in spelled if "@" in text for half in split_quoted(text) if half]
        known = dict(zip(halves, self._polarities(halves), strict=True))

        def polarity(fragment: str) -> float:
            found = known.get(fragment)
            return self.polarity(fragment) if found is None else found

        return [analyse(text, polarity) if _LETTERS.search(text) else None for text in spelled]

    def _polarities(self, fragments: Sequence[str]) -> list[float]:
        """As ``polarity`` for each fragment."""
        if not fragments:
            return []
        parts = [(WeightedPart(text=fragment),) for fragment in fragments]
        scores = self._scores(parts, ngrams_of_all([squeeze(text) for text in fragments]))
        found: list[float] = (scores[:, 2] - scores[:, 0] - _POLARITY_BIAS).tolist()
        return found

    def _one(self, text: str) -> Probabilities:
        structured = self._analyse(text)
        if structured is None:
            return self._hinted(text)
        return _probabilities(*self.scores(structured.parts).tolist())

    def _hinted(self, text: str) -> Probabilities:
        """Uncertain and neutral; emoji without words shift it a little."""
        negative, neutral, positive = UNCERTAIN
        hint = emoji_as_brackets(text[:_EMOJI_ONLY_LENGTH])
        if len(text) <= _EMOJI_ONLY_LENGTH and hint != text:
            shift = _EMOJI_WEIGHT * math.tanh(self.polarity(spell(hint)))
            negative, positive = negative - shift, positive + shift
        return Probabilities(negative=negative, neutral=neutral, positive=positive)


def _shown(
    text: str, structured: StructuredText, decisive: Sequence[WeightedPiece]
) -> tuple[str, ...]:
    """The strongest pieces, after the evidence of the structure."""
    pieces = [piece for _, piece in sorted(decisive, key=lambda pair: -pair[0])]
    if structured.evidence or len(structured.parts) > 1:
        # Plain words that the analysis inserted are not the author's.
        said = squeeze(spell(text[:READ_LENGTH]))
        pieces = [*structured.evidence, *(piece for piece in pieces if piece in said)]
    return tuple(dict.fromkeys(pieces))[:_MAX_PIECES]


def _sums(rows: NDArray[np.uint32], batch: NgramBatch) -> NDArray[np.float64]:
    """The sums of the packed weights of each text, exact: shape (texts, 3)."""
    bytes_ = (rows ^ _ABOVE_ZERO).view(np.uint8).reshape(-1, 4)
    # Two sums at once, in the halves of a number.
    pair = bytes_[:, 0].astype(np.uint64)
    pair |= bytes_[:, 1].astype(np.uint64) << _HALF
    two = np.add.reduceat(pair, batch.starts)
    third = np.add.reduceat(bytes_[:, 2], batch.starts, dtype=np.uint32)
    sums = np.empty((len(two), len(CLASSES)))
    sums[:, 0] = two & _LOW
    sums[:, 1] = two >> _HALF
    sums[:, 2] = third
    sums -= 128.0 * batch.sizes[:, None]
    return sums


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
    """Load a model, with the adaptation in a file where one is given.

    Raises ConfigError where a file is missing, damaged or made for another model.
    """
    header, table = read_model(path)
    model = LinearModel(header, table)
    if adaptation is None:
        return model
    return LinearModel(
        header, table, adaptation=read_adaptation(adaptation, model.name, buckets=len(table))
    )
