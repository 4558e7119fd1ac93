"""What a brand's own labels change in the models, and the small file that keeps it."""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError, Problem
from core.taxonomy import CATEGORIES
from listeners.judgement.platt_scaling import PlattScaling
from listeners.judgement.sentiment.model_file import BUCKET_BITS
from listeners.judgement.topic_features import CELL_BITS as CELLS
from listeners.judgement.topics import VERSION as TOPICS
from listeners.judgement.topics import CategoryShift

Floats = NDArray[np.float64]


class _Tables(TypedDict):
    """``CategoryShift`` as JSON has it."""

    cells: list[int]
    moves: list[list[int]]
    bias: list[float]


_FORMAT: Final = 2
_NARROW: Final = 1e-6
_READ: Final = (1, 2)
"""Formats that can be read; the first had neither a bend nor categories."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Adaptation:
    """A correction of one model's scores."""

    model: str
    """Name of the model that it belongs to."""
    labels: int
    """How many labels it was learned from."""
    slope: float
    """What the scores are multiplied by."""
    bias: tuple[float, float, float]
    """What is then added to negative, neutral and positive."""
    bend: float = 0.0
    """How much of the scores' logarithm is added to them; takes from the surest most."""
    buckets: tuple[int, ...] = ()
    """Places in the table whose weights are moved."""
    moves: tuple[tuple[int, int, int], ...] = ()
    """By how many of the model's units, in the order of the buckets."""
    complaint: PlattScaling | None = None
    """What becomes of the probability of a complaint."""
    categories: CategoryShift | None = None
    """What becomes of the probabilities of categories."""
    topics: str = ""
    """The model that ``complaint`` and ``categories`` belong to."""

    def applied(self, scores: Floats) -> Floats:
        """What becomes of scores that the moved weights gave."""
        negative, neutral, positive = scores.tolist()
        width = abs(positive - negative)
        # As ``bend_scores``, in a tenth of its time for one text.
        by = self.slope + self.bend * (math.asinh(width) / width if width > _NARROW else 1.0)
        a, b, c = self.bias
        return np.array((negative * by + a, neutral * by + b, positive * by + c))


def bend_scores(scores: Floats, slope: float, bend: float) -> Floats:
    """Scores times ``slope``, and ``bend`` times what grows as their logarithm.

    ``scores``: negative, neutral and positive along the last axis. Which of a text's scores is the
    highest stays as it is; ``slope`` and ``bend`` are not negative. How far bad is from good says
    how sure the model is: where it is surest, it is oftenest surer than it should be.
    """
    width = np.abs(scores[..., 2:] - scores[..., :1])
    return np.asarray(
        scores
        * (
            slope
            + bend * np.where(width < _NARROW, 1.0, np.arcsinh(width) / np.maximum(width, _NARROW))
        )
    )


def write_adaptation(adaptation: Adaptation, path: Path) -> None:
    """Write the file in one step: a reader sees the old one or the new one, never half of it."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps({"format": _FORMAT} | asdict(adaptation)), encoding="utf-8")
    os.replace(draft, path)


def read_adaptation(path: Path, model: str) -> Adaptation:
    """The adaptation in the file; raises ConfigError where it does not fit the model ``model``."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("format") not in _READ:
            raise ValueError("it is of another format")
        adaptation = Adaptation(
            model=str(found["model"]),
            labels=int(found["labels"]),
            slope=float(found["slope"]),
            bias=_floats(found["bias"]),
            bend=float(found.get("bend", 0.0)),
            buckets=tuple(int(bucket) for bucket in found["buckets"]),
            moves=tuple(_ints(move) for move in found["moves"]),
            complaint=_scaling(found.get("complaint")),
            categories=_category_shift(found.get("categories")),
            topics=str(found.get("topics", "")),
        )
        if len(adaptation.buckets) != len(adaptation.moves):
            raise ValueError("it is cut short")
        if any(not 0 <= bucket < 1 << BUCKET_BITS for bucket in adaptation.buckets):
            raise ValueError("it names a place outside the model")
        if not all(map(math.isfinite, (adaptation.slope, adaptation.bend, *adaptation.bias))):
            raise ValueError("it has numbers that are none")
        if (
            adaptation.slope <= 0
            or adaptation.bend < 0
            or (adaptation.complaint and adaptation.complaint.slope <= 0)
        ):
            raise ValueError("it would turn judgements round")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _refused(path, f"cannot be read: {error}") from error
    if adaptation.model != model:
        raise _refused(path, f"was made for {adaptation.model}, not for {model}")
    learned = adaptation.complaint is not None or adaptation.categories is not None
    if learned and adaptation.topics != TOPICS:
        raise _refused(path, f"was made for {adaptation.topics}, not for {TOPICS}")
    return adaptation


def _scaling(found: dict[str, float] | None) -> PlattScaling | None:
    if found is None:
        return None
    slope, offset = float(found["slope"]), float(found["offset"])
    if not math.isfinite(slope + offset):
        raise ValueError("it has numbers that are none")
    return PlattScaling(slope=slope, offset=offset)


def _category_shift(found: _Tables | None) -> CategoryShift | None:
    if found is None:
        return None
    regrouped = CategoryShift(
        cells=tuple(int(cell) for cell in found["cells"]),
        moves=tuple(tuple(int(move) for move in row) for row in found["moves"]),
        bias=tuple(float(one) for one in found["bias"]),
    )
    if any(not 0 <= cell < 1 << CELLS for cell in regrouped.cells):
        raise ValueError("it names a cell outside the model")
    sizes = {len(row) for row in (*regrouped.moves, regrouped.bias)}
    if sizes != {len(CATEGORIES)} or len(regrouped.cells) != len(regrouped.moves):
        raise ValueError("its categories are not those of the model")
    if not all(map(math.isfinite, regrouped.bias)):
        raise ValueError("it has numbers that are none")
    return regrouped


def _floats(found: list[float]) -> tuple[float, float, float]:
    one, two, three = found
    return float(one), float(two), float(three)


def _ints(found: list[int]) -> tuple[int, int, int]:
    one, two, three = found
    return int(one), int(two), int(three)


def _refused(path: Path, message: str) -> ConfigError:
    problem = Problem(
        key="adaptation",
        message=f"{path} {message}",
        remedy="Remove the key to use the models as they ship; then run adapt again.",
    )
    return ConfigError((problem,))
