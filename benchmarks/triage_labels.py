"""Labels of real texts for complaint, category, intent, risk, relevance and adverse facts.

    python -m benchmarks.triage_labels [--pool ../shared/data/triage/pool.jsonl.gz]

Prints how many texts are labelled by source and part, and the agreement of two independent readers
(share of equal labels and Cohen's kappa) by field; with ``--pool`` it also checks that every label
belongs to a text there. The labels are in ``listeners/learning/training/triage_labels.tsv``, keyed
by the id of the text; the texts are third-party and stay out of the repository. The guidelines are
in ``TRIAGE.md`` beside the labels.
"""

import argparse
import csv
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from core.taxonomy import CATEGORIES, INTENTS, RISKS

FILE: Final = (
    Path(__file__).parents[1] / "listeners" / "learning" / "training" / "triage_labels.tsv"
)
WHOLLY_HELD_OUT: Final = frozenset({"service questions, Taobao", "shop reviews, mixed"})
"""Sources of which no text may be trained on."""

Reading = Literal["first", "second", "settled"]
Split = Literal["train", "held_out"]

RELEVANCES: Final = {"biz": "business", "place": "place", "actor": "actor", "none": "none"}
SENTIMENTS: Final = {"neg": "negative", "neu": "neutral", "pos": "positive"}
"""The judge's names of the values in the labels."""

_HELD_OUT_BELOW: Final = 237
"""Of a thousand texts of the other sources so many are held out, by their id."""

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "sentiment": frozenset({"neg", "neu", "pos"}),
    "complaint": frozenset({"0", "1", "d"}),
    "category": frozenset({*CATEGORIES, "-"}),
    "intent": frozenset(INTENTS),
    "person": frozenset({"0", "P4", "P3", "P2", "P1"}),
    "auto_reply_ok": frozenset({"y", "n"}),
    "relevance": frozenset({"biz", "place", "actor", "none"}),
    "adverse": frozenset({"0", "1", "x"}),
}
"""Values of each field but ``risk``; two fair readings are joined by a slash, the first counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TriageLabel:
    """One reading of one text."""

    id: str
    source: str
    split: Split
    reading: Reading
    fields: Mapping[str, str]

    def first(self, field: str) -> str:
        """The preferred value of a field."""
        return self.fields[field].split("/")[0]

    @property
    def risk(self) -> frozenset[str]:
        """Kinds of harm that certainly happened or threaten."""
        return frozenset(
            kind for kind in self.fields["risk"].split(",") if kind != "-" and kind[0] != "?"
        )

    @property
    def feared(self) -> frozenset[str]:
        """Kinds of harm that are feared, small or unclear."""
        return frozenset(kind[1:] for kind in self.fields["risk"].split(",") if kind[0] == "?")


def split_of(id: str, source: str) -> Split:  # noqa: A002
    """The part a text belongs to; it depends on its source and id alone."""
    if source in WHOLLY_HELD_OUT or int(id[:8], 16) % 1000 < _HELD_OUT_BELOW:
        return "held_out"
    return "train"


def read_labels(file: Path = FILE) -> list[TriageLabel]:
    """All readings, in the order of the file. Raises ValueError that names the bad line."""
    found = []
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines, delimiter="\t"), 2):
            fields = {name: row[name] for name in (*ALLOWED, "risk")}
            if problem := _problem(fields):
                raise ValueError(f"{file.name}, line {number}: {problem}")
            found.append(
                TriageLabel(
                    id=row["id"],
                    source=row["source"],
                    split=cast("Split", row["split"]),
                    reading=cast("Reading", row["reading"]),
                    fields=fields,
                )
            )
    return found


def settled(readings: Iterable[TriageLabel]) -> dict[str, TriageLabel]:
    """The label of each text: the settled reading where there is one, else the first."""
    found: dict[str, TriageLabel] = {}
    for one in readings:
        if one.reading == "settled" or (one.reading == "first" and one.id not in found):
            found[one.id] = one
    return found


def agreement(
    readings: Sequence[TriageLabel], value: Callable[[TriageLabel], object]
) -> tuple[int, float, float]:
    """Texts with two independent readings, the share of equal labels, and Cohen's kappa (1960)."""
    first = {one.id: value(one) for one in readings if one.reading == "first"}
    pairs = [(first[one.id], value(one)) for one in readings if one.reading == "second"]
    equal = sum(a == b for a, b in pairs) / len(pairs)
    left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(left[key] * right[key] for key in left) / len(pairs) ** 2
    return len(pairs), equal, (equal - by_chance) / (1 - by_chance)


def _problem(fields: Mapping[str, str]) -> str | None:
    for name, allowed in ALLOWED.items():
        if bad := set(fields[name].split("/")) - allowed:
            return f"{name} {sorted(bad)} is none of {sorted(allowed)}"
    if fields["risk"] != "-" and (
        bad := {kind.removeprefix("?") for kind in fields["risk"].split(",")} - set(RISKS)
    ):
        return f"risk {sorted(bad)} is none of {sorted(RISKS)}"
    return None


def _harm(label: TriageLabel) -> str:
    return "certain" if label.risk else "feared" if label.feared else "none"


def _urgent(label: TriageLabel) -> bool:
    return label.first("person") in {"P1", "P2"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, help="check the ids against these texts")
    options = parser.parse_args()
    readings = read_labels()
    labels = settled(readings)
    parts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in labels.values():
        parts[one.source][one.split] += 1
    print(f"{len(labels)} texts")
    for source, counts in sorted(parts.items()):
        print(f"  {source:36} train {counts['train']:5}  held out {counts['held_out']:5}")
    fields: dict[str, Callable[[TriageLabel], object]] = {
        name: lambda one, name=name: one.first(name)  # type: ignore[misc]  # bound per name
        for name in ALLOWED
    }
    fields |= {"risk, any": _harm, "P1 or P2": _urgent}
    for name, value in fields.items():
        count, equal, kappa = agreement(readings, value)
        print(f"  {name:16} {count} texts twice  equal {equal:.3f}  kappa {kappa:.3f}")
    if options.pool is not None:
        with gzip.open(options.pool, "rt", encoding="utf-8") as lines:
            known = {json.loads(line)["id"] for line in lines}
        if missing := labels.keys() - known:
            sys.exit(f"{len(missing)} labels have no text in {options.pool}")
        print(f"every label has its text in {options.pool.name}")


if __name__ == "__main__":
    main()
