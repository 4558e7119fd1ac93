"""Count which pairs of Chinese characters are ordinary language.

    python benchmarks/train_ordinary.py ../shared/data/sentiment/*.csv.gz \
        ../shared/data/spread/weibo_cascades.jsonl.gz

Writes ``listeners/matching/ordinary_pairs.npz``; see ``listeners/matching/terms.py``.
A pair counts
once a text; no text and no order of pairs can be recovered from the file.
"""

import argparse
import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from listeners.matching.terms import PAIRS_FILE, pair_number
from listeners.text.normalise import readable

LEAST = 3
OFTEN = 30
COLUMNS = ("text", "review", "content", "sentence")
_RUN = re.compile("[\u4e00-\u9fff]{2,}")


def texts(path: Path) -> Iterator[str]:
    """The texts of a CSV file or a JSON Lines file, gzipped."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        if ".jsonl" in path.name:
            for line in lines:
                yield json.loads(line).get("text") or ""
            return
        rows = csv.DictReader(lines)
        named = {name.lower(): name for name in rows.fieldnames or ()}
        column = next(named[name] for name in COLUMNS if name in named)
        for row in rows:
            yield row[column]


def pairs(text: str) -> set[int]:
    """Numbers of the pairs in a text."""
    found = (
        pair_number(run[start], run[start + 1])
        for run in set(_RUN.findall(readable(text)))
        for start in range(len(run) - 1)
    )
    return {number for number in found if number is not None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    counts: Counter[int] = Counter()
    for path in parser.parse_args().files:
        for text in texts(path):
            counts.update(pairs(text))
    known = sorted(number for number, count in counts.items() if count >= LEAST)
    numbers = np.array(known, dtype=np.uint32)
    often = np.array([counts[number] >= OFTEN for number in known])
    PAIRS_FILE.parent.mkdir(exist_ok=True)
    gaps = np.diff(numbers, prepend=np.uint32(0))
    np.savez_compressed(PAIRS_FILE, gaps=gaps, often=np.packbits(often))
    print(
        f"{len(known)} pairs, {int(often.sum())} of them often, {PAIRS_FILE.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
