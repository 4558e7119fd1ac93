"""Sentences that the project wrote itself, for what public sets lack: shops, and plain questions.

``sentiment_sentences.toml`` holds templates and what fills them.
"""

import random
import re
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.sentiment_data import NEGATIVE, NEUTRAL, POSITIVE, Row
from listeners.judgement.sentiment.structure_words import structure_words

FILE: Final = Path(__file__).with_name("sentiment_sentences.toml")
EACH: Final = 1_000
"""Sentences a language and label, before duplicates are removed."""

_LABELS: Final = {"good": POSITIVE, "bad": NEGATIVE, "neutral": NEUTRAL}
_CHINESE_FRAMES: Final = ("{}", "很{}", "太{}了", "有点{}")
_ENGLISH_FRAMES: Final = ("{}", "so {}", "it was {}", "very {}")
_SLOT: Final = re.compile(r"\{(\w+)\}")


def sentences(seed: int = 7) -> list[Row]:
    """Distinct sentences; the same ones for the same seed."""
    tree = tomllib.loads(FILE.read_text(encoding="utf-8"))
    found: dict[str, Row] = {}
    for language, part in tree.items():
        slots = {
            name: listed.split("|" if language == "en" else None)
            for name, listed in part["slots"].items()
        }
        for name, label in _LABELS.items():
            for text in _fill(part[name].splitlines(), slots, random.Random(f"{seed}{name}")):
                found[text] = Row(text=text, label=label, domain="written")
    return list(found.values())


def _fill(
    templates: list[str], slots: dict[str, list[str]], chance: random.Random
) -> Iterator[str]:
    for turn in range(EACH):
        template = templates[turn % len(templates)]
        yield _SLOT.sub(lambda slot: chance.choice(slots[slot[1]]), template)


def lexicon() -> list[Row]:
    """Words by themselves: the project's own lists, and those that VADER's wheel ships.

    Each stands in a few frames, so that its n-grams are met often enough to be learned.
    """
    known = structure_words()
    rows = [
        Row(text=frame.format(word), label=_sign(sign), domain="words")
        for word, sign in known.chinese.items()
        for frame in _CHINESE_FRAMES
    ]
    english = _vader() | known.english
    rows += [
        Row(text=frame.format(word), label=_sign(sign), domain="words")
        for word, sign in english.items()
        for frame in _ENGLISH_FRAMES
    ]
    return rows


def _vader() -> dict[str, float]:
    spec = find_spec("vaderSentiment")
    if spec is None or spec.origin is None:
        raise SystemExit("vaderSentiment is not installed: its words are part of the training data")
    lines = (Path(spec.origin).parent / "vader_lexicon.txt").read_text(encoding="utf-8")
    pairs = (line.split("\t")[:2] for line in lines.splitlines() if line.strip())
    return {
        word: float(value) for word, value in pairs if word.isalpha() and abs(float(value)) >= 1
    }


def _sign(value: float) -> int:
    return POSITIVE if value > 0 else NEGATIVE
