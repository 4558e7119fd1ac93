"""Alerts that connectors raise; their texts stand in ``notices.toml``."""

import tomllib
from datetime import datetime, timedelta
from pathlib import Path

from core.records import Alert


def gap_alert(*, name: str, since: datetime, now: datetime, kept: timedelta) -> Alert:
    """Events of the channel ``name`` may be lost: the platform forgot them after ``kept``."""
    texts = tomllib.loads(Path(__file__).with_name("notices.toml").read_text("utf-8"))["gap"]
    facts = {
        "name": name,
        "since": since.isoformat(sep=" ", timespec="minutes")[:16],
        "hours": round((now - since) / timedelta(hours=1)),
        "kept": round(kept / timedelta(hours=1)),
    }
    return Alert(
        key=f"gap:{name}:{since.isoformat(timespec='seconds')}",
        kind="gap",
        severity="P2",
        title=texts["title"].format(**facts),
        body=texts["body"].strip().format(**facts),
        created_at=now,
    )
