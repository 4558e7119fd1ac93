"""The words of the alerts; they stand in ``texts.toml``."""

import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Literal

from listeners.spread.activity import Heard
from listeners.spread.brand_lane import Burst
from listeners.spread.cascade import Forecast
from listeners.spread.severity import Assessment

Tongue = Literal["zh", "en"]


def title(kind: Literal["incident", "brand", "post"], language: Tongue, **facts: str) -> str:
    """The alert in one line."""
    return _texts(language)[kind].format(**facts)


def facts_of_posts(posts: Sequence[Heard], language: Tongue) -> list[str]:
    """How many posts from when to when, and how negative."""
    texts = _texts(language)
    share = sum(post.negative for post in posts) / max(1, len(posts))
    return [
        texts["sum"].format(
            posts=len(posts),
            first=_time(min(post.at for post in posts)),
            last=_time(max(post.at for post in posts)),
        ),
        texts["share"].format(negative=f"{share:.0%}"),
    ]


def fact_of_forecast(forecast: Forecast, language: Tongue) -> str:
    """How far it is expected to go."""
    return _texts(language)["forecast"].format(
        final=round(forecast.final), low=round(forecast.low), high=round(forecast.high)
    )


def fact_of_burst(burst: Burst, language: Tongue) -> str:
    """How far from what is usual."""
    return _texts(language)["burst"].format(
        posts=burst.posts, z=f"{burst.z:.1f}", expected=f"{burst.expected:.1f}"
    )


def reasons(assessment: Assessment, language: Tongue) -> list[str]:
    """Why it is as severe as it is."""
    texts = _tables()[language]["reasons"]
    if not isinstance(texts, dict):
        raise TypeError("texts.toml: reasons is no table")
    return [str(texts[name]).format(value=value) for name, value in assessment.reasons]


def evidence(posts: Sequence[Heard], language: Tongue, *, most: int = 5) -> list[str]:
    """Up to ``most`` different masked texts, the latest first."""
    shown = {" ".join(post.text.split()): post for post in reversed(posts) if post.text.strip()}
    line = _texts(language)["evidence"]
    return [
        line.format(channel=post.channel, text=text) for text, post in list(shown.items())[:most]
    ]


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def _texts(language: Tongue) -> dict[str, str]:
    return {name: text for name, text in _tables()[language].items() if isinstance(text, str)}


@cache
def _tables() -> dict[str, dict[str, object]]:
    path = resources.files("listeners.spread") / "texts.toml"
    tables: dict[str, dict[str, object]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return tables
