"""Alerts about what was not read from X; their texts stand in ``x_notices.toml``."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from connectors.alerts import body_of, title_of, worded
from core.alerts import Alert


def notice(
    kind: Literal["flood", "slow", "spent"], *, name: str, key: str, now: datetime, **facts: object
) -> Alert:
    """The alert ``kind`` of the channel ``name``; ``key`` tells apart what is told twice."""
    filled = {"name": name, **facts}
    wordings = worded(Path(__file__).with_suffix(".toml"), kind, filled)
    return Alert(
        key=f"{kind}:{name}:{key}",
        kind="gap" if kind == "flood" else "budget",
        severity="P3" if kind == "slow" else "P2",
        title=title_of(wordings),
        body=body_of(wordings),
        created_at=now,
        wordings=wordings,
    )
