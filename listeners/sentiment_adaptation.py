"""What a brand's own labels change in the sentiment model, and the small file that keeps it."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from core.errors import ConfigError, Problem
from listeners.sentiment_file import BITS

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
        )
        if len(adaptation.buckets) != len(adaptation.moves):
            raise ValueError("it is cut short")
        if any(not 0 <= bucket < 1 << BITS for bucket in adaptation.buckets):
            raise ValueError("it names a place outside the model")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused(path, f"cannot be read: {error}") from error
    if adaptation.model != model:
        raise _refused(path, f"was made for {adaptation.model}, not for {model}")
    return adaptation


def _floats(found: list[float]) -> tuple[float, float, float]:
    one, two, three = found
    return float(one), float(two), float(three)


def _ints(found: list[int]) -> tuple[int, int, int]:
    one, two, three = found
    return int(one), int(two), int(three)


def _refused(path: Path, message: str) -> ConfigError:
    remedy = "Run adapt again, or remove the file to use the model as it ships."
    return ConfigError(
        (Problem(key=str(path), message=f"the adaptation {message}", remedy=remedy),)
    )
