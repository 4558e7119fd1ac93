"""An adaptation: the changes to the models learned from a brand's own labels, and its file."""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError, Problem
from listeners.judgement.platt_scaling import PlattScaling
from listeners.judgement.topic_features import CELL_BITS
from listeners.judgement.topics import VERSION, CategoryShift, shipped_model

Floats = NDArray[np.float64]


class _Tables(TypedDict):
    """A ``CategoryShift`` in JSON."""

    cells: list[int]
    moves: list[list[int]]
    bias: list[float]


_FORMAT: Final = 2
_NARROW: Final = 1e-6
_READ: Final = (1, 2)
"""Formats that can be read; format 1 has neither a bend nor categories."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Adaptation:
    """Corrections of the scores of one sentiment model and one topic model."""

    model: str
    """Name of the sentiment model that it belongs to."""
    labels: int
    """Number of labels that it was learned from."""
    slope: float
    """Factor on the scores."""
    bias: tuple[float, float, float]
    """Added to the scores of negative, neutral and positive."""
    bend: float = 0.0
    """Weight of a logarithmic term in the scores; it lowers high confidence most."""
    buckets: tuple[int, ...] = ()
    """Rows of the table whose weights change."""
    moves: tuple[tuple[int, int, int], ...] = ()
    """Change of the three weights of each bucket, in units of the model."""
    complaint: PlattScaling | None = None
    """Scaling of the probability of a complaint."""
    categories: CategoryShift | None = None
    """Changes to the weights of categories."""
    topics: str = ""
    """Version of the topic model that ``complaint`` and ``categories`` belong to."""

    def applied(self, scores: Floats) -> Floats:
        """Calibrate the three scores of a text that the changed weights gave."""
        negative, neutral, positive = scores.tolist()
        width = abs(positive - negative)
        # The same as ``bend_scores``, ten times as fast for a single text.
        by = self.slope + self.bend * (math.asinh(width) / width if width > _NARROW else 1.0)
        a, b, c = self.bias
        return np.array((negative * by + a, neutral * by + b, positive * by + c))


def bend_scores(scores: Floats, slope: float, bend: float) -> Floats:
    """Scale scores by ``slope``, and by ``bend`` times a term that grows as their logarithm.

    ``scores``: shape (..., 3); ``slope`` and ``bend`` are not negative, so that the highest score
    of a text stays the highest. The distance of negative from positive measures confidence; the
    logarithmic term corrects that overconfidence grows with confidence.
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
    """Write the file atomically."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps({"format": _FORMAT} | asdict(adaptation)), encoding="utf-8")
    os.replace(draft, path)


def read_adaptation(path: Path, model: str, *, buckets: int) -> Adaptation:
    """Read an adaptation of the sentiment model ``model``, whose table has ``buckets`` rows.

    Raises ConfigError where the file is malformed or was made for another model.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("format") not in _READ:
            raise ValueError("unknown format")
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
            raise ValueError("it is truncated")
        if any(not 0 <= bucket < buckets for bucket in adaptation.buckets):
            raise ValueError("a bucket is outside the model")
        if not all(map(math.isfinite, (adaptation.slope, adaptation.bend, *adaptation.bias))):
            raise ValueError("a number is not finite")
        if (
            adaptation.slope <= 0
            or adaptation.bend < 0
            or (adaptation.complaint and adaptation.complaint.slope <= 0)
        ):
            raise ValueError("a slope or bend is negative and would invert judgements")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _refused(path, f"cannot be read: {error}") from error
    if adaptation.model != model:
        raise _refused(path, f"was made for {adaptation.model}, not for {model}")
    learned = adaptation.complaint is not None or adaptation.categories is not None
    if learned and adaptation.topics != VERSION:
        raise _refused(path, f"was made for {adaptation.topics}, not for {VERSION}")
    return adaptation


def _scaling(found: dict[str, float] | None) -> PlattScaling | None:
    if found is None:
        return None
    slope, offset = float(found["slope"]), float(found["offset"])
    if not math.isfinite(slope + offset):
        raise ValueError("a number is not finite")
    return PlattScaling(slope=slope, offset=offset)


def _category_shift(found: _Tables | None) -> CategoryShift | None:
    if found is None:
        return None
    shift = CategoryShift(
        cells=tuple(int(cell) for cell in found["cells"]),
        moves=tuple(tuple(int(move) for move in row) for row in found["moves"]),
        bias=tuple(float(one) for one in found["bias"]),
    )
    if any(not 0 <= cell < 1 << CELL_BITS for cell in shift.cells):
        raise ValueError("a cell is outside the model")
    sizes = {len(row) for row in (*shift.moves, shift.bias)}
    if sizes != {len(shipped_model().categories)} or len(shift.cells) != len(shift.moves):
        raise ValueError("its categories are not those of the model")
    if not all(map(math.isfinite, shift.bias)):
        raise ValueError("a number is not finite")
    return shift


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
        remedy="Remove the key to use the shipped models; then run adapt again.",
    )
    return ConfigError((problem,))
