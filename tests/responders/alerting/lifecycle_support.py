"""Alerts in various states, and their next transitions."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

from core.model.alerts import Alert
from core.settings import AlertSettings
from core.taxonomy import Severity
from responders.alerting.escalation import EscalationChain, read_chain
from responders.alerting.lifecycle import (
    AlertTimings,
    NotificationContext,
    Transition,
    next_transition,
)
from tests import builders
from tests.builders import START

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
TIMINGS = AlertTimings()
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)


def alert(severity: Severity = "P2", **given: object) -> Alert:
    """A firing alert about INC-1."""
    values: dict[str, object] = {
        "severity": severity,
        "category": "freshness",
        "incident": "INC-1",
        "heard_at": START,
    }
    return builders.alert(str(given.pop("key", "a")), **(values | given))


def notified(severity: Severity = "P2", **changes: object) -> Alert:
    given = {"notices": 1, "notified_at": START, "notified_severity": severity}
    return alert(severity, **(given | changes))


def context(
    *live: Alert, chain: EscalationChain | None = None, **changes: object
) -> NotificationContext:
    plain = NotificationContext(
        timings=TIMINGS,
        chain=chain or EscalationChain((), ("pager", "group")),
        started_at=START,
        related=live,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the caller names real fields


def transition(one: Alert, now: datetime, *live: Alert, **changes: object) -> Transition | None:
    return next_transition(one, now, context(*live, **changes))  # type: ignore[arg-type]  # see context


def due(one: Alert, *live: Alert, upto: timedelta = 2 * DAY, **changes: object) -> timedelta | None:
    """Time from START until a transition is due while there are news all the time.

    ``None`` for not within ``upto``.
    """
    at = timedelta()
    while at <= upto:
        updated = replace(one, heard_at=START + at)
        if transition(updated, START + at, *live, **changes) is not None:
            return at
        at += 30 * SECOND
    return None


def chain(*steps: tuple[str, str | None]) -> EscalationChain:
    on_call = [
        {"receivers": [name]} | ({} if quiet is None else {"quiet": quiet}) for name, quiet in steps
    ]
    settings = AlertSettings.model_validate({"on_call": on_call})
    return read_chain(settings, [*(name for name, _ in steps), "hook"])
