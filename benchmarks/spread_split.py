"""The rumours and harmless cascades of Weibo, in a development and a held-out part.

Many rumours of the set are one rumour in several wordings, so the parts are made of families: texts
of which one contains a quarter of the other, or whose embeddings are nearly the same. A third of
the families is held out. Families with a text that the judge may have been trained on
(``triage_labels.tsv``) are development.
"""

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.triage_labels import read_labels, settled
from listeners.judgement.meaning import BATCH, load_encoder
from listeners.spread.grouping.near_duplicates import containment, sketch
from listeners.spread.harm.claims import claim_text, unit_length

Part = Literal["development", "held_out"]

SERIES: Final[dict[Part, tuple[str, ...]]] = {
    "development": ("AAPL", "CRM", "IBM"),
    "held_out": ("AMZN", "FB", "UPS"),
}
"""The series that stand for a brand's volume, by part."""

HELD_OUT_OF: Final = 3
"""One family in so many is held out."""
_NEWS: Final = "Weibo, news and rumours"
_NEAR: Final = 0.45
_SAME: Final = 0.8
_CONTAINED: Final = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Cascade:
    """A post that was passed on."""

    id: str
    text: str
    rumour: bool
    events: tuple[float, ...]
    """Seconds after the post, up to a day."""
    part: Part
    family: int


def vectors_of(texts: Sequence[str]) -> NDArray[np.float32]:
    """The embeddings of texts as they are read for claims, of length one."""
    encode, said = load_encoder(), [claim_text(text, None) for text in texts]
    found = [encode(said[place : place + BATCH]) for place in range(0, len(said), BATCH)]
    return unit_length(np.concatenate(found))


def split_cascades(data: Path, pool: Path) -> list[Cascade]:
    """All cascades with their parts; ``pool``: the texts of ``triage_labels.tsv``."""
    with gzip.open(data / "weibo_cascades.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    labels = settled(read_labels())
    with gzip.open(pool, "rt", encoding="utf-8") as lines:
        trained = [
            one["text"]
            for one in map(json.loads, lines)
            if one["source"] == _NEWS
            and (label := labels.get(one["id"])) is not None
            and label.split == "train"
        ]
    family = _families([*(record["text"] for record in records), *trained])
    known = set(family[len(records) :])
    names: dict[int, list[str]] = defaultdict(list)
    for record, one in zip(records, family, strict=False):
        names[one].append(record["id"])
    return [
        Cascade(
            id=record["id"],
            text=record["text"],
            rumour=bool(record["rumour"]),
            events=tuple(event for event in record["events"] if 0 < event <= 86_400),
            part="development" if one in known or not _is_held_out(names[one]) else "held_out",
            family=one,
        )
        for record, one in zip(records, family, strict=False)
    ]


def _is_held_out(names: Sequence[str]) -> bool:
    digest = hashlib.blake2b(min(names).encode(), digest_size=4).digest()
    return int.from_bytes(digest) % HELD_OUT_OF == 0


def _families(texts: Sequence[str]) -> list[int]:
    """The number of each text's family."""
    vectors, sketches = vectors_of(texts), [sketch(text) for text in texts]
    root = list(range(len(texts)))

    def find(one: int) -> int:
        while root[one] != one:
            root[one] = one = root[root[one]]
        return one

    for one in range(len(texts)):
        alike = vectors[:one] @ vectors[one]
        for other in np.nonzero(alike > _NEAR)[0].tolist():
            if find(one) != find(other) and (
                alike[other] > _SAME or containment(sketches[one], sketches[other]) > _CONTAINED
            ):
                root[find(one)] = find(other)
    return [find(one) for one in range(len(texts))]
