"""Alerts that connectors raise about themselves."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from core.alerts import Alert
from core.i18n import Catalogue
from core.localized import LocalizedText, UiLanguage, in_each
from core.taxonomy import Severity


def connector_alert(
    text: str,
    *,
    catalogue: Catalogue,
    key: str,
    kind: Literal["gap", "budget"],
    severity: Severity,
    now: datetime,
    facts: Mapping[str, object],
) -> Alert:
    """Build an alert in every language.

    Args:
        text: name of the messages ``connector.TEXT.title`` and ``connector.TEXT.body``.
        catalogue: has the messages.
        key: identifies the occurrence; an alert with the same key is raised once.
        facts: values for the placeholders of the text.

    The alert's own title and body hold all languages, for receivers that cannot choose one, such as
    a staff group.
    """

    def localized(language: UiLanguage) -> LocalizedText:
        return LocalizedText(
            language=language,
            title=catalogue.say(f"connector.{text}.title", language, **facts),
            body=catalogue.say(f"connector.{text}.body", language, **facts),
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
    *, name: str, since: datetime, now: datetime, retention: timedelta, catalogue: Catalogue
) -> Alert:
    """Warn that events of the channel ``name`` may be lost.

    Raised where the channel was out of contact since ``since``, for longer than the platform's
    ``retention`` of undelivered events.
    """
    hour = timedelta(hours=1)
    return connector_alert(
        "gap",
        catalogue=catalogue,
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
