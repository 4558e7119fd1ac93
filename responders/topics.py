"""What a grave alert pauses: automatic replies about its incident, its topic, or its brand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.records import Alert
from core.standing import Freeze, Scope
from responders.ports import Freezer

BOT: Final = "bot"


def topics_of(alert: Alert) -> tuple[tuple[Scope, str], ...]:
    """The scopes and values of what it pauses.

    Its incident, and the category of its brand: a post that has just come in does not belong to
    the incident yet. The whole brand where neither is known.
    """
    found: list[tuple[Scope, str]] = []
    if alert.incident is not None:
        found.append(("incident", alert.incident))
    if alert.category not in (None, "other"):
        brand = f"{alert.brand}/" if alert.brand else ""
        found.append(("category", f"{brand}{alert.category}"))
    if not found and alert.brand is not None:
        found.append(("brand", alert.brand))
    return tuple(found)


async def pause(freezer: Freezer, alert: Alert, now: datetime) -> None:
    """Pause what the alert is about; what a person has paused stays theirs."""
    known = {freeze.id for freeze in await freezer.freezes()}
    for scope, value in topics_of(alert):
        if f"{scope}:{value}" not in known:
            await freezer.save_freeze(
                Freeze(
                    id=f"{scope}:{value}",
                    scope=scope,
                    value=value,
                    reason=f"P1 {alert.title}",
                    by=BOT,
                    at=now,
                )
            )


async def resume(freezer: Freezer, over: Alert, live: Sequence[Alert]) -> None:
    """Lift what the machine paused for ``over``, unless another live P1 is about the same."""
    kept = {
        topic
        for alert in live
        if alert.severity == "P1" and alert.state != "resolved" and alert.key != over.key
        for topic in topics_of(alert)
    }
    ours = {freeze.id for freeze in await freezer.freezes() if freeze.by == BOT}
    for scope, value in topics_of(over):
        if (scope, value) not in kept and f"{scope}:{value}" in ours:
            await freezer.lift_freeze(f"{scope}:{value}", by=BOT)
