"""Alerts and what they are looked at with."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

from core.alerts import Alert
from core.settings import AlertSettings
from core.taxonomy import Severity
from responders.alerting.escalation import Chain, read_chain
from responders.alerting.lifecycle import Around, Rules, Step, next_step
from tests import builders
from tests.builders import START

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
RULES = Rules()
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)


def alert(severity: Severity = "P2", **given: object) -> Alert:
    """A firing alert about INC-1."""
    values: dict[str, object] = {
        "key": "a",
        "severity": severity,
        "category": "freshness",
        "incident": "INC-1",
        "heard_at": START,
    }
    return builders.alert(**(values | given))  # type: ignore[arg-type]  # the key is a str


def told(severity: Severity = "P2", **changes: object) -> Alert:
    given = {"notices": 1, "notified_at": START, "notified_severity": severity}
    return alert(severity, **(given | changes))


def around(*live: Alert, chain: Chain | None = None, **changes: object) -> Around:
    plain = Around(
        rules=RULES, chain=chain or Chain((), ("pager", "group")), started_at=START, live=live
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the caller names real fields


def step(one: Alert, now: datetime, *live: Alert, **changes: object) -> Step | None:
    return next_step(one, now, around(*live, **changes))  # type: ignore[arg-type]  # see around


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


def chain(*steps: tuple[str, str | None]) -> Chain:
    on_call = [
        {"receivers": [name]} | ({} if quiet is None else {"quiet": quiet}) for name, quiet in steps
    ]
    settings = AlertSettings.model_validate({"on_call": on_call})
    return read_chain(settings, [*(name for name, _ in steps), "hook"])
