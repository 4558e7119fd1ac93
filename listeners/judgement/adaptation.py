"""An adaptation: the changes to the models learned from a brand's own labels, and its file."""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError, Problem
from listeners.judgement.platt_scaling import PlattScaling
from listeners.judgement.topic_features import CELL_BITS
from listeners.judgement.topics import SENTIMENTS, VERSION, shipped_model
from listeners.judgement.weight_shift import WeightShift

Floats = NDArray[np.float64]


class _OldShift(TypedDict):
    """The changes to categories in format 2."""

    cells: list[int]
    moves: list[list[int]]
    bias: list[float]


class _Shift(_OldShift):
    """A ``WeightShift`` in JSON."""

    labels: list[str]
    units: list[float]
    odds: list[list[float]]


_FORMAT: Final = 3
_NARROW: Final = 1e-6
_READ: Final = (1, 2, 3)
"""Formats that can be read; format 1 has neither a bend nor categories, and format 2 changes no
weights but those of the sentiment model and, under ``categories``, of categories."""
_INVERTS: Final = "a slope or bend is negative and would invert judgements"


@dataclass(frozen=True, kw_only=True, slots=True)
class ToneCalibration:
    """Calibrates the three scores of a text's sentiment."""

    slope: float = 1.0
    """Factor on the scores."""
    bend: float = 0.0
    """Weight of a logarithmic term in the scores; it lowers high confidence most."""
    bias: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Added to the scores of negative, neutral and positive."""

    def applied(self, scores: Floats) -> Floats:
        """The calibrated scores of one text."""
        negative, neutral, positive = scores.tolist()
        width = abs(positive - negative)
        # The same as ``bend_scores``, ten times as fast for a single text.
        by = self.slope + self.bend * (math.asinh(width) / width if width > _NARROW else 1.0)
        a, b, c = self.bias
        return np.array((negative * by + a, neutral * by + b, positive * by + c))


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstModelChange:
    """Changes to the sentiment model, as earlier versions learned them."""

    calibration: ToneCalibration
    buckets: tuple[int, ...]
    """Rows of the table whose weights change."""
    moves: tuple[tuple[int, int, int], ...]
    """Change of the three weights of each bucket, in units of the model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Adaptation:
    """Corrections of the scores of the judge."""

    model: str
    """Name of the sentiment model that it belongs to."""
    labels: int
    """Number of labels that it was learned from."""
    tone: ToneCalibration | None = None
    """Of the sentiment that the changed weights give."""
    complaint: PlattScaling | None = None
    """Scaling of the probability of a complaint that the changed weights give."""
    shifts: tuple[WeightShift, ...] = ()
    """Changes to weights, as far as they are learned."""
    topics: str = ""
    """Version of the topic model that all of these belong to."""
    first: FirstModelChange | None = None
    """Changes to the sentiment model itself, from a file of format 1 or 2."""


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
    whole = {"format": _FORMAT} | asdict(adaptation)
    # Only files of earlier formats change the sentiment model.
    del whole["first"]
    draft.write_text(json.dumps(whole), encoding="utf-8")
    os.replace(draft, path)


def read_adaptation(path: Path, model: str, *, buckets: int) -> Adaptation:
    """Read an adaptation of the sentiment model ``model``, whose table has ``buckets`` rows.

    Raises ConfigError where the file is malformed or was made for another model.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] not in _READ:
            raise ValueError("unknown format")
        adaptation = Adaptation(
            model=str(found["model"]),
            labels=int(found["labels"]),
            tone=_calibration(found["tone"]) if found.get("tone") is not None else None,
            complaint=_scaling(found.get("complaint")),
            shifts=_shifts(found),
            topics=str(found.get("topics", "")),
            first=_first(found, buckets) if found["format"] < _FORMAT else None,
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _refused(path, f"cannot be read: {error}") from error
    if adaptation.model != model:
        raise _refused(path, f"was made for {adaptation.model}, not for {model}")
    learned = (adaptation.tone, adaptation.complaint, *adaptation.shifts)
    if any(learned) and adaptation.topics != VERSION:
        raise _refused(path, f"was made for {adaptation.topics}, not for {VERSION}")
    return adaptation


def _first(found: dict[str, Any], buckets: int) -> FirstModelChange:
    """The changes to the sentiment model in a file of format 1 or 2."""
    change = FirstModelChange(
        calibration=_calibration(found),
        buckets=tuple(int(bucket) for bucket in found["buckets"]),
        moves=tuple(_ints(move) for move in found["moves"]),
    )
    if len(change.buckets) != len(change.moves):
        raise ValueError("it is truncated")
    if any(not 0 <= bucket < buckets for bucket in change.buckets):
        raise ValueError("a bucket is outside the model")
    return change


def _calibration(found: dict[str, Any]) -> ToneCalibration:
    calibration = ToneCalibration(
        slope=float(found["slope"]),
        bend=float(found.get("bend", 0.0)),
        bias=_floats(found["bias"]),
    )
    _check_finite(calibration.slope, calibration.bend, *calibration.bias)
    if calibration.slope <= 0 or calibration.bend < 0:
        raise ValueError(_INVERTS)
    return calibration


def _scaling(found: dict[str, float] | None) -> PlattScaling | None:
    if found is None:
        return None
    slope, offset = float(found["slope"]), float(found["offset"])
    _check_finite(slope, offset)
    if slope <= 0:
        raise ValueError(_INVERTS)
    return PlattScaling(slope=slope, offset=offset)


def _check_finite(*numbers: float) -> None:
    if not all(map(math.isfinite, numbers)):
        raise ValueError("a number is not finite")


def _shifts(found: dict[str, Any]) -> tuple[WeightShift, ...]:
    """The shifts of a file of any format."""
    shifts = tuple(_shift(one) for one in found.get("shifts", ()))
    if (old := found.get("categories")) is not None:
        shifts += (_category_shift(old),)
    known, changed = shipped_model().labels, [label for one in shifts for label in one.labels]
    if len(set(changed)) < len(changed) or not set(changed) <= set(known):
        raise ValueError("its labels are not those of the model")
    return shifts


def _category_shift(found: _OldShift) -> WeightShift:
    model = shipped_model()
    labels = model.group("category")
    units = model.units(labels).tolist()
    odds = [[0.0] * len(labels)] * len(SENTIMENTS)
    return _shift({"labels": list(labels), "units": units, "odds": odds, **found})


def _shift(found: _Shift) -> WeightShift:
    shift = WeightShift(
        labels=tuple(str(label) for label in found["labels"]),
        units=tuple(float(unit) for unit in found["units"]),
        cells=tuple(int(cell) for cell in found["cells"]),
        moves=tuple(tuple(int(move) for move in row) for row in found["moves"]),
        odds=tuple(tuple(float(one) for one in row) for row in found["odds"]),
        bias=tuple(float(one) for one in found["bias"]),
    )
    if any(not 0 <= cell < 1 << CELL_BITS for cell in shift.cells):
        raise ValueError("a cell is outside the model")
    sizes = {len(row) for row in (*shift.moves, *shift.odds, shift.units, shift.bias)}
    if (
        sizes != {len(shift.labels)}
        or len(shift.cells) != len(shift.moves)
        or len(shift.odds) != len(SENTIMENTS)
    ):
        raise ValueError("its labels are not those of the model")
    _check_finite(*shift.bias, *shift.units, *(one for row in shift.odds for one in row))
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
