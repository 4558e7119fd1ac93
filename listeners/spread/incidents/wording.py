"""The texts of alerts about incidents, from ``texts.toml``: one function a line or a title."""

import math
import tomllib
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, tzinfo
from functools import cache
from importlib import resources
from typing import Final

from core.incidents import ForecastUnit
from core.localized import LocalizedText, UiLanguage, in_each, in_language, local_time
from listeners.spread.activity import BrandPost
from listeners.spread.cascades.forecast import Forecast
from listeners.spread.event_time import utc
from listeners.spread.grouping.vocabulary import content_words, original_text
from listeners.spread.incidents.incident import Assessment, TrackedIncident

_MAX_HEADLINE: Final = 40
"""Characters."""
_MAX_TEXTS: Final = 300
"""Latest different texts among which evidence is chosen."""
_REPEATED: Final = 0.6
"""A text with this share of its words in one that is shown already is left out."""


def alert_title(language: UiLanguage, *, brand: str, headline: str, authors: int) -> str:
    """The title of an alert; ``authors`` are those of the last hour."""
    return _texts(language)["incident"].format(brand=brand, headline=headline, authors=authors)


def burst_titles(channel: str) -> tuple[LocalizedText, ...]:
    """The title, in each language, of an incident that consists of a burst on a channel."""
    return in_each(
        lambda one: LocalizedText(language=one, title=_texts(one)["volume"].format(channel=channel))
    )


def headline(incident: TrackedIncident, language: UiLanguage) -> str:
    """An incident in one line: its own title, or the beginning of a post."""
    return own_title(incident, language) or shortened(incident.title)


def own_title(incident: TrackedIncident, language: UiLanguage) -> str:
    """An incident's title in a language; empty if it is taken from a post."""
    found = in_language(incident.titles, language)
    return "" if found is None else found.title


def shortened(text: str) -> str:
    """The beginning of a post without links, names and reposts, as one line of 40 characters."""
    said = " ".join(original_text(text).split())
    if len(said) <= _MAX_HEADLINE:
        return said or " ".join(text.split())[:_MAX_HEADLINE]
    cut = max(said.rfind(mark, 0, _MAX_HEADLINE) for mark in "，。！？,.!？；; ")
    return said[: cut if cut >= _MAX_HEADLINE // 2 else _MAX_HEADLINE].rstrip("，。,.；; ") + "…"


def volume_lines(
    posts: Sequence[BrandPost], language: UiLanguage, *, zone: tzinfo = UTC
) -> list[str]:
    """Number of posts with the first and last time, and their mean negative probability."""
    texts = _texts(language)
    share = sum(post.negative for post in posts) / max(1, len(posts))
    return [
        texts["sum"].format(
            posts=len(posts),
            first=local_time(utc(min(post.at for post in posts)), zone),
            last=local_time(utc(max(post.at for post in posts)), zone),
        ),
        texts["share"].format(negative=f"{share:.0%}"),
    ]


def forecast_line(forecast: Forecast, language: UiLanguage, *, unit: ForecastUnit = "posts") -> str:
    """The forecast with its interval."""
    return _texts(language)["forecast" if unit == "posts" else "passed_on"].format(
        final=_count(forecast.final), low=_count(forecast.low), high=_count(forecast.high)
    )


def reason_lines(
    assessment: Assessment, language: UiLanguage, *, omit: Collection[str] = ()
) -> list[str]:
    """The reasons of a severity, each fact once, without those named in ``omit``."""
    texts, kinds = _part(language, "reasons"), _part(language, "kinds")
    given = dict(assessment.reasons)
    lines = []
    for name, value in given.items():
        if name in omit or (name == "spreading" and "fast" in given):
            continue
        words = _count(float(value)) if value.isdecimal() else value
        if name in ("grave", "risk"):
            named = given.get("grave", "").split(", ") if name == "risk" else ()
            left = [kinds.get(kind, kind) for kind in value.split(", ") if kind not in named]
            if not left:
                continue
            words = texts["and"].join(left)
        again = name == "risk" and "grave" in given
        lines.append(texts["also" if again else name].format(value=words))
    return lines


def evidence_lines(posts: Sequence[BrandPost], language: UiLanguage, *, most: int = 5) -> list[str]:
    """Up to ``most`` representative posts as masked quotations."""
    line = _texts(language)["evidence"]
    return [
        line.format(channel=post.channel, text=" ".join(post.text.split()))
        for post in representative_posts(posts, most)
    ]


def representative_posts(posts: Sequence[BrandPost], most: int) -> list[BrandPost]:
    """Up to ``most`` posts with different texts, those first that share most words with the rest.

    Adverse posts come before others, and of two similar ones the later is taken. A post that is
    about the incident by coincidence shares few words with the rest, so it comes last.
    """
    texts = {" ".join(post.text.split()): post for post in posts if post.text.strip()}
    latest = list(reversed(texts.values()))[:_MAX_TEXTS]
    words = {post.key: content_words(post.text, None) for post in latest}
    shared = Counter(word for one in words.values() for word in one)

    def rank(post: BrandPost) -> tuple[bool, float]:
        said = words[post.key]
        others = sum(shared[word] - 1 for word in said)
        return post.adverse, others / math.sqrt(max(1, len(said)))

    found: list[BrandPost] = []
    for post in sorted(latest, key=rank, reverse=True):
        said = words[post.key]
        repeated = max((len(said & words[one.key]) for one in found), default=0)
        if repeated <= _REPEATED * len(said) and (said or not found):
            found.append(post)
        if len(found) == most:
            break
    return found


def _count(number: float) -> str:
    return f"{round(number):,}"


def _texts(language: UiLanguage) -> dict[str, str]:
    return {name: text for name, text in _tables()[language].items() if isinstance(text, str)}


def _part(language: UiLanguage, name: str) -> dict[str, str]:
    part = _tables()[language][name]
    if not isinstance(part, dict):
        raise TypeError(f"texts.toml: {name} is not a table")
    return {str(key): str(text) for key, text in part.items()}


@cache
def _tables() -> dict[str, dict[str, object]]:
    path = resources.files("listeners.spread") / "texts.toml"
    tables: dict[str, dict[str, object]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return tables
