"""Alerts of the Reddit connector; their texts stand in ``reddit_notices.toml``."""

from datetime import UTC, datetime
from pathlib import Path

from connectors.alerts import body_of, title_of, worded
from connectors.reddit.cursor import Mark
from core.alerts import Alert


def gap_alert(*, name: str, source: str, last: Mark, now: datetime) -> Alert:
    """The listing ``source`` did not reach back to ``last``, the newest item that was read."""
    since = datetime.fromtimestamp(last.created, UTC).strftime("%Y-%m-%d %H:%M")
    facts = {"name": name, "source": source, "since": since}
    wordings = worded(Path(__file__).with_suffix(".toml"), "gap", facts)
    return Alert(
        key=f"gap:{name}:{source}:{last.name}",
        kind="gap",
        severity="P2",
        title=title_of(wordings),
        body=body_of(wordings),
        created_at=now,
        wordings=wordings,
    )
