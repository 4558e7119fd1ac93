"""Alerts about what was not read from X; their texts stand in ``x_notices.toml``."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Literal

from core.records import Alert


def notice(
    kind: Literal["flood", "slow", "spent"], *, name: str, key: str, now: datetime, **facts: object
) -> Alert:
    """The alert ``kind`` of the channel ``name``; ``key`` tells apart what is told twice."""
    texts = tomllib.loads(Path(__file__).with_name("x_notices.toml").read_text("utf-8"))[kind]
    filled = {"name": name, **facts}
    return Alert(
        key=f"{kind}:{name}:{key}",
        kind="gap" if kind == "flood" else "budget",
        severity="P3" if kind == "slow" else "P2",
        title=texts["title"].format(**filled),
        body=texts["body"].strip().format(**filled),
        created_at=now,
    )
