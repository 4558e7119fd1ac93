"""The words of the alert about many authors; they stand in ``texts/authors.toml``."""

import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final, Literal

from listeners.author_counts import Crowd

_FILE: Final = Path(__file__).with_name("texts") / "authors.toml"
_SHOWN: Final = 5


def title(crowd: Crowd, *, brand: str, minutes: int, language: Literal["zh", "en"]) -> str:
    """The alert in one line."""
    words = _words(language)
    return words["title"].format(brand=brand, authors=crowd.authors, minutes=minutes)


def body(crowd: Crowd, *, language: Literal["zh", "en"]) -> str:
    """The evidence, one fact a line, with up to five masked texts, the latest first."""
    words = _words(language)
    channels = sorted({mark.channel for mark in crowd.marks})
    kinds = sorted({kind for mark in crowd.marks for kind in mark.risk})
    text = (
        words["body"]
        .strip()
        .format(
            authors=crowd.authors,
            mentions=len(crowd.marks),
            total=crowd.total,
            usual=f"{crowd.usual:g}",
            threshold=crowd.threshold,
            first=_time(crowd.marks[0].at),
            last=_time(crowd.marks[-1].at),
            channels=", ".join(channels),
        )
    )
    lines = [text]
    if kinds:
        lines.append(words["risk"].format(kinds=", ".join(kinds)))
    shown = {" ".join(mark.text.split()): mark for mark in reversed(crowd.marks)}
    for said, mark in list(shown.items())[:_SHOWN]:
        lines.append(words["evidence"].format(channel=mark.channel, text=said))
    return "\n".join(lines)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


@cache
def _words(language: str) -> dict[str, str]:
    words: dict[str, str] = tomllib.loads(_FILE.read_text(encoding="utf-8"))[language]
    return words
