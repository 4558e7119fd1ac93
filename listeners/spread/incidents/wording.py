"""The words of the alerts; they stand in ``texts.toml``."""

import math
import tomllib
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib import resources
from typing import Final

from core.incidents import ForecastUnit
from core.localized import LocalizedText, UiLanguage, in_each, local_time
from listeners.spread.activity import BrandPost
from listeners.spread.cascades.forecast import Forecast
from listeners.spread.grouping.relevance import words_of
from listeners.spread.grouping.words import original_text
from listeners.spread.incidents.severity import Assessment

_HEADLINE: Final = 40
"""Characters."""


def title(language: UiLanguage, *, brand: str, headline: str, authors: int) -> str:
    """The alert in one line."""
    return _texts(language)["incident"].format(brand=brand, headline=headline, authors=authors)


def title_of_burst(channel: str) -> tuple[LocalizedText, ...]:
    """What a matter is called that is nothing but many bad posts."""
    return in_each(
        lambda one: LocalizedText(language=one, title=_texts(one)["volume"].format(channel=channel))
    )


def headline(text: str) -> str:
    """The beginning of a post, without links, names and who passed it on, as one line."""
    said = " ".join(original_text(text).split())
    if len(said) <= _HEADLINE:
        return said or " ".join(text.split())[:_HEADLINE]
    cut = max(said.rfind(mark, 0, _HEADLINE) for mark in "，。！？,.!?；; ")
    return said[: cut if cut >= _HEADLINE // 2 else _HEADLINE].rstrip("，。,.；; ") + "…"


def facts_of_posts(
    posts: Sequence[BrandPost], language: UiLanguage, *, zone: tzinfo = UTC
) -> list[str]:
    """How many posts from when to when, in the time of staff, and how negative."""
    texts = _texts(language)
    share = sum(post.negative for post in posts) / max(1, len(posts))
    return [
        texts["sum"].format(
            posts=len(posts),
            first=_time(min(post.at for post in posts), zone),
            last=_time(max(post.at for post in posts), zone),
        ),
        texts["share"].format(negative=f"{share:.0%}"),
    ]


def fact_of_forecast(
    forecast: Forecast, language: UiLanguage, *, of: ForecastUnit = "posts"
) -> str:
    """How far it is expected to go: how many posts, or how often one of them is passed on."""
    return _texts(language)["forecast" if of == "posts" else "passed_on"].format(
        final=_count(forecast.final), low=_count(forecast.low), high=_count(forecast.high)
    )


def reasons(
    assessment: Assessment, language: UiLanguage, *, but: Collection[str] = ()
) -> list[str]:
    """Why it is as severe as it is, each thing once, without the reasons named in ``but``."""
    texts, kinds = _part(language, "reasons"), _part(language, "kinds")
    given = dict(assessment.reasons)
    lines = []
    for name, value in given.items():
        if name in but or (name == "spreading" and "fast" in given):
            continue
        words = _count(float(value)) if value.isdecimal() else value
        if name in ("grave", "risk"):
            told = given.get("grave", "").split(", ") if name == "risk" else ()
            named = [kinds.get(kind, kind) for kind in value.split(", ") if kind not in told]
            if not named:
                continue
            words = texts["and"].join(named)
        again = name == "risk" and "grave" in given
        lines.append(texts["also" if again else name].format(value=words))
    return lines


def evidence(posts: Sequence[BrandPost], language: UiLanguage, *, most: int = 5) -> list[str]:
    """Up to ``most`` different masked texts, the most telling first."""
    line = _texts(language)["evidence"]
    return [
        line.format(channel=post.channel, text=" ".join(post.text.split()))
        for post in representative_posts(posts, most)
    ]


def _count(number: float) -> str:
    return f"{round(number):,}"


def _time(at: float, zone: tzinfo) -> str:
    return local_time(datetime.fromtimestamp(at, tz=UTC), zone)


def _texts(language: UiLanguage) -> dict[str, str]:
    return {name: text for name, text in _tables()[language].items() if isinstance(text, str)}


def _part(language: UiLanguage, name: str) -> dict[str, str]:
    part = _tables()[language][name]
    if not isinstance(part, dict):
        raise TypeError(f"texts.toml: {name} is no table")
    return {str(key): str(text) for key, text in part.items()}


@cache
def _tables() -> dict[str, dict[str, object]]:
    path = resources.files("listeners.spread") / "texts.toml"
    tables: dict[str, dict[str, object]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return tables


_LOOKED_AT: Final = 300
"""Latest different texts."""


_SAID_AGAIN: Final = 0.6
"""Of the words of a text; so much in one that is shown already says nothing new."""


def representative_posts(posts: Sequence[BrandPost], most: int) -> list[BrandPost]:
    """Up to ``most`` posts that say different things, those first whose words most others share.

    Bad posts come before others, and of two that are alike the later one. What is said of the
    matter by chance shares few words with the rest, so it stands last.
    """
    texts = {" ".join(post.text.split()): post for post in posts if post.text.strip()}
    latest = list(reversed(texts.values()))[:_LOOKED_AT]
    words = {post.key: words_of(post.text, None) for post in latest}
    shared = Counter(word for one in words.values() for word in one)

    def tells(post: BrandPost) -> tuple[bool, float]:
        said = words[post.key]
        others = sum(shared[word] - 1 for word in said)
        return post.bad, others / math.sqrt(max(1, len(said)))

    found: list[BrandPost] = []
    for post in sorted(latest, key=tells, reverse=True):
        said = words[post.key]
        again = max((len(said & words[one.key]) for one in found), default=0)
        if again <= _SAID_AGAIN * len(said) and (said or not found):
            found.append(post)
        if len(found) == most:
            break
    return found
