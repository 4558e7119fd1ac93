"""Measures the shipped judge on real texts that were labelled by reading and held out.

    python -m benchmarks.triage [--pool ../shared/data/triage/pool.jsonl.gz] [--part train]

The labels are described in ``listeners/learning/training/TRIAGE.md``. Each figure has a 95 %
interval from 1,000 bootstrap samples of the texts (Efron 1979). Doubtful complaints and risks that
are only feared count neither way. Beside it stands snownlp's sentiment as the judge of complaints.

What becomes of a text is decided by the playbook that ships, without articles: texts from service
chats as private messages, all others as posts of strangers. Questions without an article become
tickets of P4, so the figures of tickets that were not needed count P1 to P3 and drafts alone.
Do not tune on what is held out: ``--part train`` shows the other part; ``--errors`` shows ids of
wrong ones there.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.triage_labels import RELEVANCES, SENTIMENTS, TriageLabel, read_labels, settled
from core.model.events import Author, Event, EventKind
from core.model.judgement import Judgement
from core.model.mentions import Mention
from core.taxonomy import Severity
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment.classic import load as load_classic
from listeners.judgement.sentiment.models import load as load_model
from responders.answering.playbook import Rule, first_match, shipped_playbook
from responders.tickets import severity

POOL: Final = Path("../shared/data/triage/pool.jsonl.gz")
_SAMPLES: Final = 1_000
_ADVERSE_FROM: Final = 0.5
_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PLAYBOOK: Final = shipped_playbook()


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One text with its label and what the judge makes of it."""

    label: TriageLabel
    judgement: Judgement
    rule: Rule
    """The rule of the shipped playbook that decides."""

    @property
    def is_shop_text(self) -> bool:
        return self.label.source.startswith(("shop", "service"))

    @property
    def is_ordinary(self) -> bool:
        return self.label.first("complaint") == "0" and self.label.first("person") in {"0", "P4"}

    @property
    def is_urgent(self) -> bool:
        return self.label.first("person") in {"P1", "P2"}

    @property
    def is_called_complaint(self) -> bool:
        return self.judgement.complaint >= 0.5

    @property
    def is_called_urgent(self) -> bool:
        return self.level in {"P1", "P2"}

    @property
    def level(self) -> Severity | None:
        """The severity of its ticket; ``None`` where there is none."""
        then = self.rule.then
        if then.action != "ticket":
            return None
        return then.severity or severity(self.judgement)

    @property
    def is_work(self) -> bool:
        """True for a ticket of P1 to P3, or a draft."""
        then = self.rule.then
        return self.level in {"P1", "P2", "P3"} or then.action == "draft" or then.send == "draft"

    @property
    def is_unsafe_reply(self) -> bool:
        """True where a machine alone answers a complaint, or thanks for what is no praise."""
        then = self.rule.then
        if then.action != "reply":
            return False
        thanked = then.text == "thanks" and self.label.first("sentiment") == "neg"
        return thanked or self.label.first("complaint") == "1" or bool(self.label.risk)

    @property
    def is_for_nobody(self) -> bool:
        return self.label.first("person") in {"0", "P4"}


Figure = Callable[[Sequence[Judged]], float]


def _share(part: Sequence[bool]) -> float:
    return sum(part) / len(part) if part else float("nan")


def _f1(guessed: Sequence[bool], actual: Sequence[bool]) -> float:
    both = sum(a and b for a, b in zip(guessed, actual, strict=True))
    return 2 * both / max(1, sum(guessed) + sum(actual))


def complaint_f1(items: Sequence[Judged]) -> float:
    sure = [one for one in items if one.label.first("complaint") != "d"]
    return _f1(
        [one.is_called_complaint for one in sure],
        [one.label.first("complaint") == "1" for one in sure],
    )


def risk_precision(items: Sequence[Judged]) -> float:
    found = [one for one in items if one.judgement.risk and not one.label.feared]
    return _share([bool(one.label.risk) for one in found])


def risk_recall(items: Sequence[Judged]) -> float:
    return _share([bool(one.judgement.risk) for one in items if one.label.risk])


def adverse_precision(items: Sequence[Judged]) -> float:
    found = [one for one in items if one.judgement.adverse >= _ADVERSE_FROM]
    return _share([one.label.first("adverse") == "1" for one in found])


def adverse_recall(items: Sequence[Judged]) -> float:
    adverse = [one for one in items if one.label.first("adverse") == "1"]
    return _share([one.judgement.adverse >= _ADVERSE_FROM for one in adverse])


FIGURES: Final[tuple[tuple[str, Figure], ...]] = (
    ("complaint F1, all", complaint_f1),
    (
        "complaint F1, shop and service",
        lambda all_: complaint_f1([o for o in all_ if o.is_shop_text]),
    ),
    (
        "ordinary texts called complaints",
        lambda all_: _share([o.is_called_complaint for o in all_ if o.is_ordinary]),
    ),
    ("any risk, precision", risk_precision),
    ("any risk, recall", risk_recall),
    (
        "category among complaints",
        lambda all_: _share(
            [
                o.judgement.category in o.label.fields["category"].split("/")
                for o in all_
                if o.label.first("complaint") == "1"
            ]
        ),
    ),
    ("intent", lambda all_: _share([o.judgement.intent == o.label.first("intent") for o in all_])),
    (
        "sentiment",
        lambda all_: _share(
            [o.judgement.sentiment == SENTIMENTS[o.label.first("sentiment")] for o in all_]
        ),
    ),
    (
        "sentiment of service messages",
        lambda all_: _share(
            [
                o.judgement.sentiment == SENTIMENTS[o.label.first("sentiment")]
                for o in all_
                if o.label.source.startswith("service")
            ]
        ),
    ),
    (
        "P1 and P2 that are false",
        lambda all_: _share([not o.is_urgent for o in all_ if o.is_called_urgent]),
    ),
    (
        "P1 and P2 that are missed",
        lambda all_: _share([not o.is_called_urgent for o in all_ if o.is_urgent]),
    ),
    (
        "tickets P1-P3 and drafts not needed",
        lambda all_: _share([o.is_for_nobody for o in all_ if o.is_work]),
    ),
    (
        "texts for nobody that become one",
        lambda all_: _share([o.is_work for o in all_ if o.is_for_nobody]),
    ),
    (
        "relevance",
        lambda all_: _share(
            [o.judgement.relevance == RELEVANCES[o.label.first("relevance")] for o in all_]
        ),
    ),
    ("adverse facts, precision", adverse_precision),
    ("adverse facts, recall", adverse_recall),
)


def _rule(label: TriageLabel, judgement: Judgement) -> Rule:
    private = label.source.startswith("service")
    event = Event(
        channel="benchmark",
        id=label.id,
        kind=EventKind.MESSAGE if private else EventKind.POST,
        author=Author(id="a"),
        text="",
        posted_at=_AT,
        conversation="c",
        solicited=private,
    )
    mention = Mention(seq=1, event=event, brands=("brand",), judgement=judgement)
    return first_match(_PLAYBOOK, mention, first_contact=True, answer=lambda: None).rule


def _count(name: str, wanted: Callable[[Judged], bool], items: Sequence[Judged]) -> str:
    return f"{sum(map(wanted, items))} {name}"


def interval(figure: Figure, items: Sequence[Judged]) -> tuple[float, float]:
    """The 95 % interval of a figure."""
    random = np.random.default_rng(20261130)
    found = [
        figure([items[place] for place in random.integers(0, len(items), len(items))])
        for _ in range(_SAMPLES)
    ]
    low, high = np.nanquantile(found, [0.025, 0.975]).tolist()
    return low, high


def judged(pool: Path, part: str) -> list[Judged]:
    """The texts of a part of the labels, judged by the models that ship."""
    labels = settled(read_labels())
    with gzip.open(pool, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    kept = [row for row in rows if row["id"] in labels and labels[row["id"]].split == part]
    found = TextJudge(load_model("linear")).judge_now([row["text"] for row in kept])
    return [
        Judged(
            label=labels[row["id"]],
            judgement=judgement,
            rule=_rule(labels[row["id"]], judgement),
        )
        for row, judgement in zip(kept, found, strict=True)
    ]


def snownlp_f1(pool: Path, part: str) -> float:
    """F1 of complaints where snownlp's negative texts are taken for complaints."""
    labels = settled(read_labels())
    with gzip.open(pool, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    sure = [
        row
        for row in rows
        if (label := labels.get(row["id"])) is not None
        and label.split == part
        and label.first("complaint") != "d"
    ]
    found = load_classic().probabilities([row["text"] for row in sure])
    return _f1(
        [one.negative > 0.5 for one in found],
        [labels[row["id"]].first("complaint") == "1" for row in sure],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, default=POOL)
    parser.add_argument("--part", choices=("held_out", "train"), default="held_out")
    parser.add_argument("--errors", action="store_true")
    options = parser.parse_args()
    if not options.pool.exists():
        sys.exit(f"{options.pool} is not there. Name the texts with --pool; see TRIAGE.md.")
    items = judged(options.pool, options.part)
    print(
        f"{len(items)} texts, {options.part}: "
        + ", ".join(
            (
                _count("complaints", lambda o: o.label.first("complaint") == "1", items),
                _count("doubtful ones", lambda o: o.label.first("complaint") == "d", items),
                _count("with a certain risk", lambda o: bool(o.label.risk), items),
                _count("with a feared one", lambda o: bool(o.label.feared), items),
                _count("of P1 or P2", lambda o: o.is_urgent, items),
                _count("with adverse facts", lambda o: o.label.first("adverse") == "1", items),
                _count("unsafe automatic replies", lambda o: o.is_unsafe_reply, items),
            )
        )
    )
    for name, figure in FIGURES:
        low, high = interval(figure, items)
        print(f"  {name:34} {figure(items):.3f}  [{low:.3f}, {high:.3f}]")
    if options.errors and options.part == "train":
        for one in items:
            if one.is_called_urgent != one.is_urgent or one.is_unsafe_reply:
                print(one.label.id, one.label.fields, one.judgement)
    print(f"  complaint F1 by snownlp's sentiment {snownlp_f1(options.pool, options.part):.3f}")


if __name__ == "__main__":
    main()
