"""Alerts and what they are looked at with."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

from core.alerts import Alert
from core.settings import AlertSettings
from core.taxonomy import Severity
from responders.alerting.escalation import EscalationChain, read_chain
from responders.alerting.lifecycle import (
    AlertTimings,
    NotificationContext,
    Transition,
    next_transition,
)
from tests.responders.parts import START

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
TIMINGS = AlertTimings()
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)


def alert(severity: Severity = "P2", **changes: object) -> Alert:
    plain = Alert(
        key="a",
        kind="incident",
        severity=severity,
        title="面包发霉",
        body="8 位作者",
        created_at=START,
        brand="hejia",
        category="freshness",
        incident="INC-1",
        heard_at=START,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the caller names real fields


def told(severity: Severity = "P2", **changes: object) -> Alert:
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


def step(one: Alert, now: datetime, *live: Alert, **changes: object) -> Transition | None:
    return next_transition(one, now, context(*live, **changes))  # type: ignore[arg-type]  # see context


def due(one: Alert, *live: Alert, upto: timedelta = 2 * DAY, **changes: object) -> timedelta | None:
    """How long after START the next step is due, while it is heard of all the time.

    ``None`` for not within ``upto``.
    """
    at = timedelta()
    while at <= upto:
        talked_of = replace(one, heard_at=START + at)
        if step(talked_of, START + at, *live, **changes) is not None:
            return at
        at += 30 * SECOND
    return None


def chain(*steps: tuple[str, str | None]) -> EscalationChain:
    on_call = [
        {"receivers": [name]} | ({} if quiet is None else {"quiet": quiet}) for name, quiet in steps
    ]
    settings = AlertSettings.model_validate({"on_call": on_call})
    return read_chain(settings, [*(name for name, _ in steps), "hook"])
