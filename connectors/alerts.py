"""Alerts that connectors raise; their texts stand in ``notices.toml``."""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from core.alerts import Alert
from core.localized import LocalizedText, UiLanguage, in_each


def worded(file: Path, name: str, facts: Mapping[str, object]) -> tuple[LocalizedText, ...]:
    """The notice ``name`` of a file of notices, in each language."""
    texts = tomllib.loads(file.read_text("utf-8"))[name]

    def words(tongue: UiLanguage) -> LocalizedText:
        title, body = texts[tongue]["title"], texts[tongue]["body"].strip()
        return LocalizedText(
            language=tongue, title=title.format(**facts), body=body.format(**facts)
        )

    return in_each(words)


def title_of(wordings: tuple[LocalizedText, ...]) -> str:
    """In all languages, for who cannot choose one: a group of staff may read either."""
    return " / ".join(one.title for one in wordings)


def body_of(wordings: tuple[LocalizedText, ...]) -> str:
    """As ``title_of``."""
    return "\n".join(one.body for one in wordings)


def gap_alert(*, name: str, since: datetime, now: datetime, kept: timedelta) -> Alert:
    """Events of the channel ``name`` may be lost: the platform forgot them after ``kept``."""
    facts = {
        "name": name,
        "since": since.isoformat(sep=" ", timespec="minutes")[:16],
        "hours": round((now - since) / timedelta(hours=1)),
        "kept": round(kept / timedelta(hours=1)),
    }
    wordings = worded(Path(__file__).with_suffix(".toml"), "gap", facts)
    return Alert(
        key=f"gap:{name}:{since.isoformat(timespec='seconds')}",
        kind="gap",
        severity="P2",
        title=title_of(wordings),
        body=body_of(wordings),
        created_at=now,
        wordings=wordings,
    )
