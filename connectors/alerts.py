"""Alerts that connectors raise about themselves; their texts are in ``alerts.toml``."""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from core.alerts import Alert
from core.localized import LocalizedText, UiLanguage, in_each
from core.taxonomy import Severity

_TEXTS: Final = Path(__file__).with_suffix(".toml")


def connector_alert(
    text: str,
    *,
    key: str,
    kind: Literal["gap", "budget"],
    severity: Severity,
    now: datetime,
    facts: Mapping[str, object],
) -> Alert:
    """Build an alert in every language.

    Args:
        text: the table in ``alerts.toml`` with a title and a body for each language.
        key: identifies the occurrence; an alert with the same key is raised once.
        facts: values for the placeholders of the text.

    The alert's own title and body hold all languages, for receivers that cannot choose one, such as
    a staff group.
    """
    tables = tomllib.loads(_TEXTS.read_text("utf-8"))[text]

    def localized(language: UiLanguage) -> LocalizedText:
        title, body = tables[language]["title"], tables[language]["body"].strip()
        return LocalizedText(
            language=language, title=title.format(**facts), body=body.format(**facts)
        )

    wordings = in_each(localized)
    return Alert(
        key=key,
        kind=kind,
        severity=severity,
        title=" / ".join(one.title for one in wordings),
        body="\n".join(one.body for one in wordings),
        created_at=now,
        wordings=wordings,
    )


def retention_gap_alert(
    *, name: str, since: datetime, now: datetime, retention: timedelta
) -> Alert:
    """Warn that events of the channel ``name`` may be lost.

    Raised where the channel was out of contact since ``since``, for longer than the platform's
    ``retention`` of undelivered events.
    """
    hour = timedelta(hours=1)
    return connector_alert(
        "gap",
        key=f"gap:{name}:{since.isoformat(timespec='seconds')}",
        kind="gap",
        severity="P2",
        now=now,
        facts={
            "name": name,
            "since": since.isoformat(sep=" ", timespec="minutes")[:16],
            "hours": round((now - since) / hour),
            "kept": round(retention / hour),
        },
    )
