"""What a grave alert pauses: automatic replies about its incident, its topic, or its brand."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from core.alerts import Alert
from core.localized import LocalizedText
from core.pauses import Pause, PauseScope
from core.repositories import Pauses

BOT: Final = "bot"
_YOUNG: Final = timedelta(minutes=1)


def topics_of(alert: Alert) -> tuple[tuple[PauseScope, str], ...]:
    """The scopes and values of what it pauses.

    Its incident, and the category of its brand: a post that has just come in does not belong to
    the incident yet. The whole brand where neither is known.
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


async def pause(
    pauses: Pauses, alert: Alert, now: datetime, *, before: Alert | None = None
) -> None:
    """Pause what the alert is about; what a person has paused stays theirs.

    ``before``: the alert as it was; what it paused then is left as people have left it.
    """
    held = topics_of(before) if before is not None and before.severity == "P1" else ()
    wanted = [topic for topic in topics_of(alert) if topic not in held]
    known = {pause.id for pause in await pauses.all()} if wanted else set()
    for scope, value in wanted:
        if f"{scope}:{value}" not in known:
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


async def resume(pauses: Pauses, alerts: Iterable[Alert], now: datetime) -> int:
    """Lift what the machine paused and no live P1 is about any more; returns how much.

    ``alerts``: all that are live, and those that were just resolved. A pause that is younger than a
    minute and about none of these stays: the alert behind it may be on its way.
    """
    kept, over = set[tuple[PauseScope, str]](), set[tuple[PauseScope, str]]()
    for alert in alerts:
        if alert.state == "resolved":
            over.update(topics_of(alert))
        elif alert.severity == "P1":
            kept.update(topics_of(alert))
    lifted = 0
    for pause in await pauses.all():
        is_old = abs(now - pause.at) >= _YOUNG  # ``now`` may have been read before it was made
        topic = (pause.scope, pause.value)
        if pause.by == BOT and (is_old or topic in over) and topic not in kept:
            lifted += await pauses.lift(pause.id, by=BOT)
    return lifted
