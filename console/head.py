"""The head of every staff page: the numbers beside the menu, and the banner."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from console.context import ConsoleContext
from core.errors import StoreError
from core.model.alerts import Alert
from core.model.figures import Figures
from core.model.incidents import Incident
from core.model.pauses import Pause

log = logging.getLogger(__name__)

ALERTS_READ: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class PageHead:
    """Values of the menu and the banner."""

    figures: Figures | None
    """``None`` where the store does not answer."""
    alert: Alert | None
    """The most severe firing alert, the oldest of equals; without one, the oldest acknowledged P1
    about an incident."""
    more_alerts: int
    """Firing alerts beside ``alert``."""
    paused: tuple[Pause, ...] = ()
    """Pauses of automatic replies."""
    incident: Incident | None = None
    """The incident that the alert is about."""


async def read_head(context: ConsoleContext) -> PageHead:
    """Read the head; without its numbers where the store fails, since a page is still of use."""
    try:
        figures = await context.store.maintenance.figures(context.clock.now())
        head = head_of(figures, await context.store.alerts.recent(limit=ALERTS_READ))
        about = None if head.alert is None else head.alert.incident
        return replace(
            head,
            paused=tuple(await context.pauses.all()),
            incident=None if about is None else await context.store.incidents.get(about),
        )
    except StoreError as error:
        log.error("the store failed", extra={"error": str(error)})
        return PageHead(figures=None, alert=None, more_alerts=0)


def head_of(figures: Figures, alerts: Sequence[Alert]) -> PageHead:
    """Choose the alert of the banner from the newest ``alerts``."""
    shown = sorted(
        (alert for alert in alerts if alert.state == "firing" or _is_ongoing_crisis(alert)),
        key=lambda alert: (alert.state != "firing", alert.severity, alert.created_at),
    )
    firing = sum(alert.state == "firing" for alert in alerts)
    others = max(firing, figures.firing_alerts) - any(one.state == "firing" for one in shown)
    return PageHead(figures=figures, alert=shown[0] if shown else None, more_alerts=max(0, others))


def _is_ongoing_crisis(alert: Alert) -> bool:
    """True for an acknowledged P1 about an incident, which stays on the banner."""
    return alert.state == "acknowledged" and alert.kind == "incident" and alert.severity == "P1"
