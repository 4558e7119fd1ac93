"""Sentences that n-grams misjudge: negations, contrasts, sarcasm and sincere praise."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("structure_cases.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A sentence and whether it is good news."""

    text: str
    good: bool


def cases() -> dict[str, list[Case]]:
    """The sentences by what they test, in the order in which they are shown."""
    tree = tomllib.loads(FILE.read_text(encoding="utf-8"))
    negated, double = tree["negated"], tree["double"]
    found = {
        f"negated negatives, {name} words": [
            Case(text=template.format(w=word), good=True)
            for part in negated.values()
            for template in part["templates"].splitlines()
            for word in part[name].split()
        ]
        for name in ("listed", "unlisted")
    }
    found["negated good news, unlisted words"] = [
        Case(text=template.format(w=word), good=False)
        for part in negated.values()
        for template in part["templates"].splitlines()
        for word in part["unlisted_good"].split()
    ]
    found["double negation, no complaints"] = [
        Case(text=text, good=True) for part in double.values() for text in part.splitlines()
    ]
    for name, label in (("contrast", "contrasts"), ("sarcasm", "sarcasm and its sincere twin")):
        found[label] = [
            Case(text=text, good=kind == "positive")
            for kind, listed in tree[name].items()
            for text in listed.splitlines()
        ]
    return found
