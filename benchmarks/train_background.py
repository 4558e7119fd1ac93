"""Learns how common each word is in posts that concern no brand: the prior of ``relevance.py``.

    python -m benchmarks.train_background --data ../shared/data/sentiment [--write]

Pairs of Chinese characters are counted in Weibo posts and reviews, English words in tweets; those
in fewer than one text in a thousand are left out. Nothing of a text remains but these shares.
"""

import argparse
import csv
import gzip
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np

from listeners.spread.grouping.relevance import USUAL_FILE
from listeners.spread.grouping.vocabulary import content_words

LEAST: Final = 0.001
CHINESE: Final = ("weibo2018_train", "smp_usual_6emo_train", "shop7_train", "nlpcc2014_train")
ENGLISH: Final = ("airline_train", "tweeteval_val")


def shares(data: Path, names: tuple[str, ...], *, latin: bool) -> dict[str, float]:
    """Share of the texts of these files that have each word of a script."""
    texts, found = 0, Counter[str]()
    for name in names:
        with gzip.open(data / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                texts += 1
                words = content_words(row["text"], None)
                found.update(word for word in words if word.isascii() == latin)
    return {word: count / texts for word, count in found.items() if count >= LEAST * texts}


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data/sentiment"))
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    chinese = shares(given.data, CHINESE, latin=False)
    english = shares(given.data, ENGLISH, latin=True)
    both = sorted((chinese | english).items())
    print(f"{len(chinese)} pairs of characters, {len(english)} English words")
    if given.write:
        words = np.frombuffer("\n".join(word for word, _ in both).encode(), np.uint8)
        np.savez_compressed(
            USUAL_FILE, words=words, shares=np.array([share for _, share in both], np.float16)
        )


if __name__ == "__main__":
    main()
