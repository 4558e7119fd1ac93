"""The file in which a trained sentiment model is kept.

One line that names the format, one line of JSON (``Header``), then the deflated weights: the
distances between the buckets that have any as little-endian 16-bit numbers, then their weights
for each class in turn as bytes.
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

BITS: Final = 22
"""The table has two to this many buckets."""

CLASSES: Final = ("negative", "neutral", "positive")

_MAGIC: Final = b"tingfeng sentiment 1\n"
_FARTHEST: Final = 0xFFFF


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """All of a model but its table."""

    version: str
    """What the name of the model ends in."""
    buckets: int
    """How many buckets have weights."""
    unit: float
    """What a weight of one byte's unit stands for."""
    bias: tuple[float, float, float]
    """Added to the three scores, in the order of CLASSES."""
    temperature: float
    """What scores are divided by to become log-odds that keep their promise."""
    checksum: int
    """CRC-32 of the inflated weights."""


def pack(buckets: NDArray[np.int64], weights: Table, header: Header) -> bytes:
    """The file of a model: ``buckets`` ascending, ``weights`` of shape (buckets, classes).

    ``header.buckets`` and ``header.checksum`` are filled in.
    """
    steps: list[int] = []
    kept: list[int] = []
    last = 0
    for row, bucket in enumerate(buckets.tolist()):
        # A gap that is too wide for one number is crossed in steps without weights.
        while bucket - last > _FARTHEST:
            steps.append(_FARTHEST)
            kept.append(-1)
            last += _FARTHEST
        steps.append(bucket - last)
        kept.append(row)
        last = bucket
    rows = np.zeros((len(steps), len(CLASSES)), np.int8)
    chosen = np.array(kept)
    rows[chosen >= 0] = weights[chosen[chosen >= 0]]
    raw = np.array(steps, "<u2").tobytes() + rows.T.tobytes()
    fields = asdict(header) | {"buckets": len(steps), "checksum": zlib.crc32(raw)}
    return _MAGIC + json.dumps(fields).encode() + b"\n" + zlib.compress(raw, 9)


def read(path: Path) -> tuple[Header, Table]:
    """The header and the table, one row of four bytes a bucket; the fourth is spare.

    Raises ConfigError, naming the remedy, where the file is missing or damaged.
    """
    try:
        magic, line, packed = path.read_bytes().split(b"\n", 2)
        if magic + b"\n" != _MAGIC:
            raise ValueError("it is of another format")
        fields = json.loads(line)
        header = Header(**(fields | {"bias": tuple(fields["bias"])}))
        raw = zlib.decompress(packed)
        if zlib.crc32(raw) != header.checksum:
            raise ValueError("its checksum is wrong")
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
    # Four bytes at a time: a table of 32-bit numbers is filled ten times as fast as rows of bytes.
    rows = np.zeros((header.buckets, 4), np.int8)
    rows[:, : len(CLASSES)] = weights.T
    table = np.zeros(1 << BITS, np.uint32)
    table[np.cumsum(steps)] = rows.view(np.uint32).ravel()
    return header, table.view(np.int8).reshape(-1, 4)
