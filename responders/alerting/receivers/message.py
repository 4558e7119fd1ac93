"""Renders alerts as lines of plain text that no platform interprets as markup.

Alerts quote hostile posts: control characters, bidirectional marks and lone surrogates are removed,
and links are defanged.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.i18n import Catalogue
from core.localized import UiLanguage
from core.model.alerts import Alert

SEVERITY_ICONS: Final = {"P1": "▲", "P2": "◆", "P3": "●", "P4": "○"}
MAX_TITLE: Final = 160
MAX_LINE: Final = 400
MAX_LINES: Final = 16
_MAX_BODY: Final = 20_000
_MAX_LISTED_TITLE: Final = 80

_UNSAFE: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_LINK_SCHEME: Final = re.compile(r"(?i)\b(h)tt(ps?://)")
_FULL_WIDTH: Final = str.maketrans("\\`*_{}[]()#<>|~@!", "＼｀＊＿｛｝［］（）＃＜＞｜～＠！")


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageFormat:
    """Language and vocabulary of messages to staff."""

    catalogue: Catalogue
    language: UiLanguage
    resolve_after: timedelta
    """Time without news after which an alert is resolved; named in the message about that."""
    brand_names: Sequence[tuple[str, str]] = ()
    """Pairs of brand id and name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A title and lines, all without line breaks."""

    title: str
    lines: tuple[str, ...]


def alert_message(alert: Alert, form: MessageFormat) -> Message:
    """The full text about one alert."""
    catalogue, language = form.catalogue, form.language
    lines = [_status(alert, form)]
    if alert.brand is not None:
        name = dict(form.brand_names).get(alert.brand, alert.brand)
        lines.append(catalogue.say("staff.notice_brand", language, brand=sanitize(name, 60)))
    if alert.incident is not None:
        lines.append(
            catalogue.say("staff.notice_incident", language, incident=sanitize(alert.incident, 60))
        )
    if alert.state != "resolved":
        body = alert.localized(language).body
        lines += [sanitize(line) for line in body[:_MAX_BODY].splitlines()[:MAX_LINES]]
    return Message(title=_title(alert, form), lines=tuple(line for line in lines if line))


def merged_message(
    alerts: Sequence[Alert], form: MessageFormat, fits: Callable[[Message], bool]
) -> tuple[Message, int]:
    """One message for as many of the first alerts as fit, at least one; with their number."""
    count = len(alerts)
    while True:
        message = _list(alerts[:count], form)
        if count == 1 or fits(message):
            return message, count
        count -= max(1, count // 8)


def markdown(message: Message, max_bytes: int) -> str:
    """A bold title and a paragraph per line, truncated to ``max_bytes`` of UTF-8."""
    text = "\n\n".join(
        (f"**{escape_markdown(message.title)}**", *map(escape_markdown, message.lines))
    )
    if len(text.encode("utf-8", "replace")) <= max_bytes:
        return text
    return truncate_utf8(text, max_bytes - len("…".encode())) + "…"


def markdown_size(message: Message) -> int:
    """Bytes of UTF-8 that the whole message takes as Markdown."""
    return len(markdown(message, 1 << 30).encode("utf-8", "replace"))


def escape_markdown(text: str) -> str:
    """``text`` with full-width twins in place of characters that Markdown interprets.

    The platforms' dialects know no escape that all their apps respect.
    """
    return text.translate(_FULL_WIDTH)


def sanitize(text: str, max_length: int = MAX_LINE) -> str:
    """``text`` on one line of at most ``max_length`` characters, safe to show."""
    line = " ".join(_UNSAFE.sub(" ", text[: max_length * 4]).split())
    line = _LINK_SCHEME.sub(r"\1xx\2", line)
    return line if len(line) <= max_length else line[: max_length - 1] + "…"


def truncate_utf8(text: str, max_bytes: int) -> str:
    """The longest beginning of ``text`` within ``max_bytes`` of UTF-8."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= max_bytes else data[: max(0, max_bytes)].decode("utf-8", "ignore")


def _title(alert: Alert, form: MessageFormat, max_length: int = MAX_TITLE) -> str:
    """Severity and title, such as ``▲ P1 严重 · 标题``."""
    word = form.catalogue.say(f"severity.{alert.severity}", form.language)
    severity = f"{SEVERITY_ICONS[alert.severity]} {alert.severity} {word}"
    title = alert.localized(form.language).title
    line = form.catalogue.say(
        "staff.notice_title", form.language, severity=severity, title=sanitize(title, max_length)
    )
    mark = form.catalogue.say("staff.drill_mark", form.language)
    return f"{mark}{line}" if alert.drill and not title.startswith(mark) else line


def _status(alert: Alert, form: MessageFormat) -> str:
    """The reason for another notice about the same alert; empty for the first."""
    catalogue, language, count = form.catalogue, form.language, str(alert.notices)
    if alert.state == "resolved" and alert.part_of is not None:
        return catalogue.say("staff.notice_merged", language, incident=sanitize(alert.part_of, 40))
    if alert.state == "resolved":
        hours = f"{form.resolve_after.total_seconds() / 3600:g}"
        return catalogue.say("staff.notice_over", language, hours=hours)
    if alert.notices <= 1:
        return ""
    if alert.state == "acknowledged":
        owner = sanitize(alert.owner or "", 40)
        return catalogue.say("staff.notice_worse", language, count=count, owner=owner)
    return catalogue.say("staff.notice_again", language, count=count)


def _list(alerts: Sequence[Alert], form: MessageFormat) -> Message:
    """A line per alert, the most severe first."""
    catalogue, language = form.catalogue, form.language
    highest = min(alert.severity for alert in alerts)
    heading = catalogue.say("staff.notice_many", language, count=str(len(alerts)))
    mark = (
        catalogue.say("staff.drill_mark", language) if any(alert.drill for alert in alerts) else ""
    )
    lines = []
    for alert in sorted(alerts, key=lambda one: one.severity):
        status = _status(alert, form)
        lines.append(_title(alert, form, _MAX_LISTED_TITLE) + (f" ({status})" if status else ""))
    return Message(
        title=f"{mark}{SEVERITY_ICONS[highest]} {highest} · {heading}",
        lines=(*lines, catalogue.say("staff.notice_left", language)),
    )
