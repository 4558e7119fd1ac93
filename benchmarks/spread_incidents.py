"""Made-up incidents, and ordinary posts beside them, as judged mentions."""

import random
import tomllib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from core.model.events import Author, Event, EventKind
from core.model.judgement import Judgement, Probabilities
from core.model.mentions import Mention
from examples.supermarket.grammar import grammar
from examples.supermarket.ordinary import ordinary_day
from examples.supermarket.people import crowd
from examples.supermarket.studio import Studio
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment import linear as sentiment_linear
from listeners.text.language import detect_language

INCIDENTS: Final = Path(__file__).with_name("spread_incidents.toml")
BRAND: Final = "hejia"
START: Final = datetime(2026, 3, 2, tzinfo=UTC)
ORDINARY: Final = "ordinary"
"""Prefix of the ids of ordinary posts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeUpIncident:
    """An incident as described by ten people."""

    name: str
    category: str
    zh: tuple[str, ...]
    en: tuple[str, ...]


def read(part: str) -> list[MadeUpIncident]:
    """The incidents of a part, ``tuning`` or ``unseen``."""
    return [
        MadeUpIncident(
            name=one["name"], category=one["category"], zh=tuple(one["zh"]), en=tuple(one["en"])
        )
        for one in tomllib.loads(INCIDENTS.read_text(encoding="utf-8"))["incident"]
        if one["part"] == part
    ]


def posts(
    incident: MadeUpIncident, at: datetime, rng: random.Random, *, minutes: float = 60
) -> Iterator[Mention]:
    """Its ten wordings in random order, two in three of them reposted."""
    texts = [*incident.zh, *incident.en]
    rng.shuffle(texts)
    for number, text in enumerate(texts):
        moment = at + timedelta(minutes=minutes * number / len(texts))
        yield complaint(f"{incident.name}-{number}", text, moment)
        if rng.random() < 2 / 3:
            later = moment + timedelta(minutes=rng.uniform(1, 20))
            passed_on = f"转发//@甲{rng.randrange(999)}:{text}"
            yield complaint(f"{incident.name}-{number}r", passed_on, later)


def complaint(name: str, text: str, at: datetime) -> Mention:
    """A post with the sentiment of a complaint; the judge gives its category."""
    (judged,) = judge().judge_now([text])
    shares = Probabilities(negative=0.9, neutral=0.1, positive=0.0)
    judged = replace(judged, sentiment="negative", probabilities=shares, complaint=0.9)
    return mention(name, text, at, judged=judged)


def mention(name: str, text: str, at: datetime, *, judged: Judgement | None = None) -> Mention:
    """A mention with a judgement, by default that of a complaint."""
    sure = Probabilities(negative=0.9, neutral=0.1, positive=0.0)
    complaint = Judgement(
        language=detect_language(text), sentiment="negative", probabilities=sure, complaint=0.9
    )
    return Mention(
        seq=zlib.crc32(name.encode()),
        event=Event(
            channel="weibo",
            id=name,
            kind=EventKind.POST,
            author=Author(id=f"a{name}"),
            text=text,
            posted_at=at,
            conversation=name,
        ),
        brands=(BRAND,),
        judgement=judged or complaint,
        masked_text=text,
    )


def ordinary(days: int) -> list[Mention]:
    """Judged posts about the shop on ordinary days."""
    lists = grammar()
    people = crowd(lists, random.Random("people"))
    said: list[Mention] = []
    for day in range(days):
        studio = Studio(lists, people, random.Random(f"day {day}"), first=day * 100_000)
        made = ordinary_day(studio, START + timedelta(days=day))
        about = [one for one in made if one.label == "ordinary" and one.kind == "post"]
        judged = judge().judge_now([one.text for one in about])
        said += [
            mention(f"{ORDINARY}-{day}-{number}", one.text, one.at, judged=how)
            for number, (one, how) in enumerate(zip(about, judged, strict=True))
        ]
    return said


@cache
def judge() -> TextJudge:
    """The judge with the shipped models."""
    return TextJudge(sentiment_linear.load())
