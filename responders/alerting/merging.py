"""What becomes of the alert about an incident that went into another one, whoever merged them.

It ends, and says where the matter goes on; what staff know of it and who has taken it go over, so
that nobody is called for what a colleague looks after, and nothing that fires falls silent.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core.alerts import Alert, incident_key
from core.localized import UiLanguage


def heir(alert: Alert, known: Alert | None, kept: str) -> Alert:
    """The alert about the incident ``kept`` with what ``alert`` brings.

    ``known`` is the one there is. It stays firing where it is graver than what was taken: who
    looks after the smaller matter may not know of the larger one.
    """
    if known is None:
        return replace(alert, key=incident_key(kept), incident=kept, version=0)
    if known.state == "resolved":
        return replace(
            known,
            state=alert.state,
            severity=alert.severity,
            owner=alert.owner or known.owner,
            notices=max(known.notices, alert.notices),
            notified_at=alert.notified_at,
            notified_severity=alert.notified_severity,
            escalated=alert.escalated,
            acknowledged_at=alert.acknowledged_at,
            snoozed_until=alert.snoozed_until,
            heard_at=alert.heard_at or alert.created_at,
            resolved_at=None,
            part_of=None,
        )
    grown = replace(known, severity=min(known.severity, alert.severity))
    is_taken = alert.state == "acknowledged" and alert.severity <= known.severity
    if not is_taken or known.state != "firing":
        return grown
    return replace(
        grown,
        state="acknowledged",
        owner=alert.owner,
        acknowledged_at=alert.acknowledged_at,
        notified_severity=min(grown.notified_severity or "P4", alert.notified_severity or "P4"),
    )


def ended(
    alert: Alert,
    kept: str,
    now: datetime,
    say: Callable[[UiLanguage, str], str],
    language: UiLanguage,
) -> Alert:
    """The alert once its matter is a part of ``kept``.

    ``say`` puts that into a language; ``language`` is that of the receivers.
    """
    return replace(
        alert,
        state="resolved",
        resolved_at=now,
        part_of=kept,
        body=_with_line(alert.body, say(language, kept)),
        wordings=tuple(
            replace(one, body=_with_line(one.body, say(one.language, kept)))
            for one in alert.wordings
        ),
    )


def _with_line(body: str, line: str) -> str:
    return f"{line}\n{body}" if body else line
