"""The file format of a trained sentiment model.

A line with the format's name, a line of JSON (``ModelHeader``), then the deflated weights: the gaps
between the buckets that have any, as little-endian 16-bit numbers, then their weights for each
class in turn, as bytes.
"""

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError, Problem

Table = NDArray[np.int8]

BUCKET_BITS: Final = 22
"""Base-2 logarithm of the number of buckets."""

CLASSES: Final = ("negative", "neutral", "positive")

_MAGIC: Final = b"tingfeng sentiment 1\n"
_MAX_GAP: Final = 0xFFFF


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelHeader:
    """Everything in a model but its weights."""

    version: str
    """End of the model's name."""
    buckets: int
    """Number of buckets with weights."""
    unit: float
    """Value of a weight of one."""
    bias: tuple[float, float, float]
    """Added to the scores, in the order of CLASSES."""
    temperature: float
    """Divisor that turns scores into calibrated log-odds."""
    checksum: int
    """CRC-32 of the inflated weights."""


def pack_model(buckets: NDArray[np.int64], weights: Table, header: ModelHeader) -> bytes:
    """The contents of a model's file.

    ``buckets``: ascending; ``weights``: shape (buckets, classes). ``buckets`` and ``checksum`` of
    the header are filled in.
    """
    steps: list[int] = []
    kept: list[int] = []
    last = 0
    for row, bucket in enumerate(buckets.tolist()):
        # A gap too wide for 16 bits is crossed by buckets without weights.
        while bucket - last > _MAX_GAP:
            steps.append(_MAX_GAP)
            kept.append(-1)
            last += _MAX_GAP
        steps.append(bucket - last)
        kept.append(row)
        last = bucket
    rows = np.zeros((len(steps), len(CLASSES)), np.int8)
    chosen = np.array(kept)
    rows[chosen >= 0] = weights[chosen[chosen >= 0]]
    raw = np.array(steps, "<u2").tobytes() + rows.T.tobytes()
    fields = asdict(header) | {"buckets": len(steps), "checksum": zlib.crc32(raw)}
    return _MAGIC + json.dumps(fields).encode() + b"\n" + zlib.compress(raw, 9)


def read_model(path: Path) -> tuple[ModelHeader, Table]:
    """The header and the table of shape (buckets, 4); the last column is spare.

    Raises ConfigError where the file is missing or damaged.
    """
    try:
        magic, line, packed = path.read_bytes().split(b"\n", 2)
        if magic + b"\n" != _MAGIC:
            raise ValueError("unknown format")
        fields = json.loads(line)
        header = ModelHeader(**(fields | {"bias": tuple(fields["bias"])}))
        raw = zlib.decompress(packed)
        if zlib.crc32(raw) != header.checksum:
            raise ValueError("wrong checksum")
        cut = 2 * header.buckets
        steps = np.frombuffer(raw[:cut], "<u2").astype(np.int64)
        weights = np.frombuffer(raw[cut:], np.int8).reshape(len(CLASSES), header.buckets)
    except (OSError, ValueError, TypeError, KeyError, zlib.error) as error:
        problem = Problem(
            key=str(path),
            message=f"the sentiment model cannot be read: {error}",
            remedy="Install again, or train it as docs/explanation/model-card.md says.",
        )
        raise ConfigError((problem,)) from error
    # Assigning 32-bit numbers is ten times as fast as rows of four bytes.
    rows = np.zeros((header.buckets, 4), np.int8)
    rows[:, : len(CLASSES)] = weights.T
    table = np.zeros(1 << BUCKET_BITS, np.uint32)
    table[np.cumsum(steps)] = rows.view(np.uint32).ravel()
    return header, table.view(np.int8).reshape(-1, 4)
