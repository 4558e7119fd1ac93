"""What a brand's own labels change in the models, and the small file that keeps it."""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from core.errors import ConfigError, Problem
from listeners.sentiment_file import BITS
from listeners.stretch import Stretch
from listeners.topics import VERSION as TOPICS

_FORMAT: Final = 1


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
    buckets: tuple[int, ...] = ()
    """Places in the table whose weights are moved."""
    moves: tuple[tuple[int, int, int], ...] = ()
    """By how many of the model's units, in the order of the buckets."""
    complaint: Stretch | None = None
    """What becomes of the probability of a complaint."""
    topics: str = ""
    """The model of complaints that ``complaint`` belongs to."""


def write(adaptation: Adaptation, path: Path) -> None:
    """Write the file in one step: a reader sees the old one or the new one, never half of it."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps({"format": _FORMAT} | asdict(adaptation)), encoding="utf-8")
    os.replace(draft, path)


def read(path: Path, model: str) -> Adaptation:
    """The adaptation in the file; raises ConfigError where it does not fit the model ``model``."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("format") != _FORMAT:
            raise ValueError("it is of another format")
        adaptation = Adaptation(
            model=str(found["model"]),
            labels=int(found["labels"]),
            slope=float(found["slope"]),
            bias=_floats(found["bias"]),
            buckets=tuple(int(bucket) for bucket in found["buckets"]),
            moves=tuple(_ints(move) for move in found["moves"]),
            complaint=_stretch(found.get("complaint")),
            topics=str(found.get("topics", "")),
        )
        if len(adaptation.buckets) != len(adaptation.moves):
            raise ValueError("it is cut short")
        if any(not 0 <= bucket < 1 << BITS for bucket in adaptation.buckets):
            raise ValueError("it names a place outside the model")
        if not all(map(math.isfinite, (adaptation.slope, *adaptation.bias))):
            raise ValueError("it has numbers that are none")
        if adaptation.slope <= 0 or (adaptation.complaint and adaptation.complaint.slope <= 0):
            raise ValueError("it would turn judgements round")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _refused(path, f"cannot be read: {error}") from error
    if adaptation.model != model:
        raise _refused(path, f"was made for {adaptation.model}, not for {model}")
    if adaptation.complaint is not None and adaptation.topics != TOPICS:
        raise _refused(path, f"was made for {adaptation.topics}, not for {TOPICS}")
    return adaptation


def _stretch(found: dict[str, float] | None) -> Stretch | None:
    if found is None:
        return None
    slope, offset = float(found["slope"]), float(found["offset"])
    if not math.isfinite(slope + offset):
        raise ValueError("it has numbers that are none")
    return Stretch(slope=slope, offset=offset)


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
