"""Labelled texts that the models of complaint, category, intent, harm and relevance learn from.

Four sources, each with a weight: real texts labelled by reading (``triage_labels.tsv``; the part
that is not held out), real texts that were picked from public sets because they look like harm
(``harm_labels.tsv``), and sentences written for training (``voices_2026.jsonl``,
``complaints.jsonl``). The real texts are third-party and are read from outside the repository; a
label finds its text by id.
"""

import csv
import gzip
import hashlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.sentiment_data import Row, rows
from benchmarks.triage_labels import FILE as TRIAGE_FILE
from benchmarks.triage_labels import RELEVANCES, SENTIMENTS, TriageLabel, read_labels, settled
from core.taxonomy import CATEGORIES
from listeners.judgement.sentiment.model_file import CLASSES

FOLDER: Final = TRIAGE_FILE.parent
HARM_FILE: Final = FOLDER / "harm_labels.tsv"
FOLDS: Final = 4

_FIRST_OF_TWO: Final = 0.7
"""Weight of the preferred one of two fair readings."""

_PICKED: Final = 0.3
"""Weight of texts that were picked for harm, for everything else: they are no fair sample."""

_DOUBTFUL: Final = 0.4
"""Share of doubtful complaints that count as complaints."""

_FEARED: Final = 0.5

_SENTIMENT_WEIGHTS: Final = {
    "smp_usual": 3.0,
    "smp_virus": 3.0,
    "airline": 1.0,
    "tweeteval": 1.0,
    "shop7": 0.3,
    "hotel": 0.3,
    "nlpcc": 0.3,
    "weibo2018": 0.3,
}
"""Sets with two classes weigh less: they say nothing about neutral texts. SMP weighs more, since
its notion of a neutral post is not that of the triage labels, which outnumber it."""

_MOST_OF_A_SET: Final = 1500


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One text with shares of labels.

    A group maps each of its names to a share; an absent group is unknown. Binary labels are groups
    of one name.
    """

    text: str
    source: str
    fold: int
    """Texts of one author or voice share a fold."""
    goals: Mapping[str, Mapping[str, float]]
    weights: Mapping[str, float]
    """Weight of the example for each group in ``goals``."""


def text_id(text: str) -> str:
    """The id of a text: 16 hexadecimal digits of MD5 over its letters and digits."""
    plain = re.sub(r"[\W_]+", "", text)
    return hashlib.md5(plain.encode(), usedforsecurity=False).hexdigest()[:16]


def pool_examples(pool: Path) -> list[Example]:
    """The texts of the triage pool that may be trained on."""
    labels = settled(read_labels())
    with gzip.open(pool, "rt", encoding="utf-8") as lines:
        texts = {row["id"]: row["text"] for row in map(json.loads, lines)}
    return [
        _labelled(texts[one.id], "pool", one, rare=5.0)
        for one in labels.values()
        if one.split == "train"
    ]


def harm_examples(data: Path) -> list[Example]:
    """Texts of the public sentiment sets that were picked for harm and labelled by reading."""
    labels = settled(read_labels(HARM_FILE))
    found = [*rows(data), *_offensive(data)]
    texts = {
        key: row.text for row in found if not row.held_out and (key := text_id(row.text)) in labels
    }
    return [
        _labelled(texts[key], "harm", one, rare=2.0, others=_PICKED)
        for key, one in labels.items()
        if key in texts
    ]


def _offensive(data: Path) -> list[Row]:
    """Comments of COLD, whose labels say nothing about sentiment."""
    with gzip.open(data / "cold_train.csv.gz", "rt", encoding="utf-8-sig", newline="") as lines:
        return [Row(text=line["text"], label=0, domain="cold") for line in csv.DictReader(lines)]


def sentiment_examples(data: Path) -> list[Example]:
    """Texts of the public sets with their sentiment, of the tenth that a model can do without.

    Their features have to come from a sentiment model trained without that tenth.
    """
    held_out = [row for row in rows(data) if row.held_out and row.domain in _SENTIMENT_WEIGHTS]
    counts: Counter[str] = Counter()
    found = []
    for row in held_out:
        counts[row.domain] += 1
        if counts[row.domain] <= _MOST_OF_A_SET:
            found.append(
                Example(
                    text=row.text,
                    source=row.domain,
                    fold=int(text_id(row.text)[8:12], 16) % FOLDS,
                    goals={"sentiment": {CLASSES[row.label]: 1.0}},
                    weights={"sentiment": _SENTIMENT_WEIGHTS[row.domain]},
                )
            )
    return found


def voices_examples() -> list[Example]:
    """Sentences in many voices, written for training."""
    files = {"voices_2026.jsonl": "voices", "harm_2026.jsonl": "written harm"}
    return [
        _written(row, source)
        for file, source in files.items()
        for row in _json_lines(FOLDER / file)
    ]


def older_examples() -> list[Example]:
    """The older sentences, labelled for complaint, category, intent and risk alone."""
    return [_written(row, "older") for row in _json_lines(FOLDER / "complaints.jsonl")]


def _json_lines(file: Path) -> Iterator[dict[str, object]]:
    for line in file.read_text("utf-8").splitlines():
        yield json.loads(line)


def _labelled(
    text: str, source: str, label: TriageLabel, *, rare: float, others: float = 1.0
) -> Example:
    complains = label.first("complaint")
    category = _shares(label.fields["category"], {"-": "other"})
    harm = 1.0 if label.risk else _FEARED if label.feared and _concerns(label) else 0.0
    weight = rare if label.risk else 1.0
    if label.feared and not label.risk:
        weight = rare / 2 if _concerns(label) else 0.0
    adverse = label.first("adverse")
    goals = {
        "complaint": _binary({"1": 1.0, "d": _DOUBTFUL, "0": 0.0}[complains]),
        "category": category,
        "intent": _shares(label.fields["intent"]),
        "relevance": _shares(label.fields["relevance"], RELEVANCES),
        "sentiment": _shares(label.fields["sentiment"], SENTIMENTS),
        "harm": _binary(harm),
        "adverse": _binary(float(adverse == "1")),
        "denial": _binary(float(adverse == "x")),
    } | {f"risk.{kind}": _binary(1.0) for kind in label.risk}
    weights = dict.fromkeys(goals, others)
    weights["complaint"] *= 0.5 if complains == "d" else 1.0
    weights["category"] *= 1.0 if complains == "1" else 0.4
    weights |= {name: 1.0 for name in goals if name.startswith("risk.")}
    weights |= {"harm": weight, "adverse": 1.0, "denial": 1.0}
    return Example(
        text=text,
        source=source,
        fold=int(label.id[8:12], 16) % FOLDS,
        goals=goals,
        weights=weights,
    )


def _concerns(label: TriageLabel) -> bool:
    return label.first("relevance") != "none"


def _written(row: Mapping[str, object], source: str) -> Example:
    older = source == "older"
    others = {"older": 0.3, "written harm": 0.15}.get(source, 0.5)
    kinds = [str(kind) for kind in _list(row["risk"])]
    risks = [kind for kind in kinds if kind[0] != "?"]
    goals = {
        "complaint": _binary(float(bool(row["complaint"]))),
        "category": {_category(str(row["category"])): 1.0},
        "intent": {str(row["intent"]): 1.0},
        "harm": _binary(1.0 if risks else _FEARED if kinds else 0.0),
    } | {f"risk.{kind}": _binary(1.0) for kind in risks}
    weights = dict.fromkeys(goals, others)
    weights["harm"] = 0.3 if older else 1.0
    weights |= {f"risk.{kind}": 1.0 for kind in risks}
    if older and not row["complaint"] and not kinds:
        # Shop talk without a fault is no bad news.
        goals |= {"adverse": _binary(0.0)}
        weights |= {"adverse": 0.4}
    if not older:
        adverse = str(row["adverse"])
        more = {
            "relevance": {RELEVANCES[str(row["relevance"])]: 1.0},
            "sentiment": {str(row["sentiment"]): 1.0},
            "adverse": _binary(float(adverse == "1")),
            "denial": _binary(float(adverse == "x")),
        }
        goals |= more
        weights |= dict.fromkeys(more, others) | {"adverse": 0.5, "denial": 1.0}
    voice = str(row["author"] if older else row["voice"])
    return Example(
        text=str(row["text"]),
        source=source,
        fold=zlib.crc32(voice.encode()) % FOLDS,
        goals=goals,
        weights=weights,
    )


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()


def _category(name: str) -> str:
    return name if name in CATEGORIES else "other"


def _binary(share: float) -> dict[str, float]:
    return {"yes": share, "no": 1 - share}


def _shares(value: str, names: Mapping[str, str] | None = None) -> dict[str, float]:
    """Shares of one reading, or of the two that are joined by a slash."""
    found = [names.get(one, one) if names else one for one in value.split("/")][:2]
    if len(found) == 1 or found[0] == found[1]:
        return {found[0]: 1.0}
    return {found[0]: _FIRST_OF_TWO, found[1]: 1 - _FIRST_OF_TWO}
