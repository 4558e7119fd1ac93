"""Pauses of automatic replies that a P1 about an incident causes, and their end with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from core.localized import LocalizedText
from core.model.alerts import Alert
from core.model.pauses import Pause, PauseScope
from core.repositories import Pauses

BOT: Final = "bot"
_GRACE: Final = timedelta(minutes=1)


def pause_scopes(alert: Alert) -> tuple[tuple[PauseScope, str], ...]:
    """Scope and value of each pause that the alert causes.

    Its incident, and its category for the brand, since a new post does not belong to the incident
    yet; the whole brand if neither is known.
    """
    found: list[tuple[PauseScope, str]] = []
    if alert.incident is not None:
        found.append(("incident", alert.incident))
    if alert.category not in (None, "other"):
        brand = f"{alert.brand}/" if alert.brand else ""
        found.append(("category", f"{brand}{alert.category}"))
    if not found and alert.brand is not None:
        found.append(("brand", alert.brand))
    return tuple(found)


async def pause_for(
    pauses: Pauses, alert: Alert, now: datetime, *, before: Alert | None = None
) -> None:
    """Pause automatic replies about the alert; a pause by a member of staff is kept as it is.

    ``before``: the alert before a change; staff may have lifted its pauses, so those are not
    repeated.
    """
    known_scopes = pause_scopes(before) if before is not None and before.severity == "P1" else ()
    scopes = [scope for scope in pause_scopes(alert) if scope not in known_scopes]
    paused = {pause.id for pause in await pauses.all()} if scopes else set()
    for scope, value in scopes:
        if f"{scope}:{value}" in paused:
            continue
        await pauses.save(
            Pause(
                id=f"{scope}:{value}",
                scope=scope,
                value=value,
                reason=f"P1 {alert.title}",
                by=BOT,
                at=now,
                wordings=tuple(
                    LocalizedText(language=one.language, title=f"P1 {one.title}")
                    for one in alert.wordings
                ),
            )
        )


async def lift_pauses(pauses: Pauses, alerts: Iterable[Alert], now: datetime) -> int:
    """Lift automatic pauses that no live P1 is about any more; returns how many.

    Args:
        pauses: the pauses in force.
        alerts: all live alerts, and those that were just resolved. A pause of the last minute that
            none of these is about stays: its alert may not be stored yet.
        now: current time.
    """
    needed, over = set[tuple[PauseScope, str]](), set[tuple[PauseScope, str]]()
    for alert in alerts:
        if alert.state == "resolved":
            over.update(pause_scopes(alert))
        elif alert.severity == "P1":
            needed.update(pause_scopes(alert))
    lifted = 0
    for pause in await pauses.all():
        settled = abs(now - pause.at) >= _GRACE  # ``now`` may have been read before the pause
        scope = (pause.scope, pause.value)
        if pause.by == BOT and (settled or scope in over) and scope not in needed:
            lifted += await pauses.lift(pause.id, by=BOT)
    return lifted
