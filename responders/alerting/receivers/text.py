"""What staff are told, as lines of plain text that no platform can take for anything else.

What strangers wrote is in here: control characters, marks of writing direction and half surrogates
are removed, and addresses are made unclickable.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.alerts import Alert
from responders.templates import Catalogue, Written

ICONS: Final = {"P1": "▲", "P2": "◆", "P3": "●", "P4": "○"}
LONGEST_TITLE: Final = 160
LONGEST_LINE: Final = 400
MOST_LINES: Final = 16

_UNSAFE: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_ADDRESS: Final = re.compile(r"(?i)\b(h)tt(ps?://)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """In which words staff are told."""

    texts: Catalogue
    language: Written
    quiet: timedelta
    """After how long without news an alert is resolved."""
    brands: Sequence[tuple[str, str]] = ()
    """Brand.id and its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A title and lines, both without line breaks."""

    title: str
    lines: tuple[str, ...]


def clean(text: str, length: int = LONGEST_LINE) -> str:
    """``text`` on one line of at most ``length`` characters, safe to show."""
    line = " ".join(_UNSAFE.sub(" ", text[: length * 4]).split())
    line = _ADDRESS.sub(r"\1xx\2", line)
    return line if len(line) <= length else line[: length - 1] + "…"


def title(alert: Alert, style: Style, length: int = LONGEST_TITLE) -> str:
    """``▲ P1 严重 · 标题``."""
    word = style.texts.say(f"severity_{alert.severity}", style.language)
    severity = f"{ICONS[alert.severity]} {alert.severity} {word}"
    words = alert.told(style.language).title
    said = style.texts.say(
        "notice_title", style.language, severity=severity, title=clean(words, length)
    )
    mark = style.texts.say("drill_mark", style.language)
    if alert.drill and not words.startswith(mark):
        said = f"{mark}{said}"
    return said


def status(alert: Alert, style: Style) -> str:
    """Why staff are told again; empty the first time."""
    texts, language, count = style.texts, style.language, str(alert.notices)
    if alert.state == "resolved" and alert.part_of is not None:
        return texts.say("notice_merged", language, incident=clean(alert.part_of, 40))
    if alert.state == "resolved":
        hours = f"{style.quiet.total_seconds() / 3600:g}"
        return texts.say("notice_over", language, hours=hours)
    if alert.notices <= 1:
        return ""
    if alert.state == "acknowledged":
        return texts.say("notice_worse", language, count=count, owner=clean(alert.owner or "", 40))
    return texts.say("notice_again", language, count=count)


def message(alert: Alert, style: Style) -> Message:
    """All about one alert."""
    texts, language = style.texts, style.language
    lines = [status(alert, style)]
    if alert.brand is not None:
        name = dict(style.brands).get(alert.brand, alert.brand)
        lines.append(texts.say("notice_brand", language, brand=clean(name, 60)))
    if alert.incident is not None:
        lines.append(texts.say("notice_incident", language, incident=clean(alert.incident, 60)))
    if alert.state != "resolved":
        body = alert.told(language).body
        lines += [clean(line) for line in body[:20_000].splitlines()[:MOST_LINES]]
    return Message(title=title(alert, style), lines=tuple(line for line in lines if line))


def together(
    alerts: Sequence[Alert], style: Style, fits: Callable[[Message], bool]
) -> tuple[Message, int]:
    """One message for as many of the first alerts as fit, at least one; and how many those are."""
    told = len(alerts)
    while True:
        found = _list(alerts[:told], style)
        if told == 1 or fits(found):
            return found, told
        told -= max(1, told // 8)


def _list(alerts: Sequence[Alert], style: Style) -> Message:
    texts, language = style.texts, style.language
    gravest = min(alert.severity for alert in alerts)
    heading = texts.say("notice_many", language, count=str(len(alerts)))
    mark = texts.say("drill_mark", language) if any(alert.drill for alert in alerts) else ""
    lines = []
    for alert in sorted(alerts, key=lambda one: one.severity):
        again = status(alert, style)
        lines.append(title(alert, style, 80) + (f" ({again})" if again else ""))
    return Message(
        title=f"{mark}{ICONS[gravest]} {gravest} · {heading}",
        lines=(*lines, texts.say("notice_left", language)),
    )


def cut_bytes(text: str, room: int) -> str:
    """At most ``room`` bytes of UTF-8, cut between characters."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= room else data[: max(0, room)].decode("utf-8", "ignore")
