"""Alerts of the Reddit connector; their texts stand in ``reddit_notices.toml``."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

from connectors.reddit_marks import Mark
from core.records import Alert


def gap_alert(*, name: str, source: str, last: Mark, now: datetime) -> Alert:
    """The listing ``source`` did not reach back to ``last``, the newest item that was read."""
    texts = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["gap"]
    since = datetime.fromtimestamp(last.created, UTC).strftime("%Y-%m-%d %H:%M")
    facts = {"name": name, "source": source, "since": since}
    return Alert(
        key=f"gap:{name}:{source}:{last.name}",
        kind="gap",
        severity="P2",
        title=texts["title"].format(**facts),
        body=texts["body"].strip().format(**facts),
        created_at=now,
    )
