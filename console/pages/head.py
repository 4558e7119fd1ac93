"""What the head of every staff page shows, and how a staff page is answered."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.desk import Desk
from console.forms import LONGEST_NAME, clean
from console.render import STAFF, STAFF_COOKIE, Renderer
from core.alerts import Alert
from core.errors import StoreError
from core.figures import Figures
from core.incidents import Incident
from core.pauses import Pause

log = logging.getLogger(__name__)

ALERTS_LOOKED_AT: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The numbers beside the menu, and the banner."""

    figures: Figures | None
    """``None`` where the store does not answer."""
    alert: Alert | None
    """The gravest firing alert, the oldest of equals; else the gravest that somebody has taken."""
    more_alerts: int
    paused: tuple[Pause, ...] = ()
    """Pauses of automatic replies."""
    incident: Incident | None = None
    """What the alert is about, where that is known."""


async def read_head(desk: Desk) -> Head:
    """Never fails: without its numbers a page is still of use."""
    try:
        figures = await desk.store.maintenance.figures(desk.clock.now())
        found = head_of(figures, await desk.store.alerts.recent(limit=ALERTS_LOOKED_AT))
        about = None if found.alert is None else found.alert.incident
        return replace(
            found,
            paused=tuple(await desk.pauses.all()),
            incident=None if about is None else await desk.store.incidents.get(about),
        )
    except StoreError as error:
        log.error("the store failed", extra={"error": str(error)})
        return Head(figures=None, alert=None, more_alerts=0)


def head_of(figures: Figures, alerts: Sequence[Alert]) -> Head:
    """The head from what the store says."""
    shown = sorted(
        (alert for alert in alerts if alert.state == "firing" or _goes_on(alert)),
        key=lambda alert: (alert.state != "firing", alert.severity, alert.created_at),
    )
    firing = sum(alert.state == "firing" for alert in alerts)
    others = max(firing, figures.firing_alerts) - any(one.state == "firing" for one in shown)
    return Head(figures=figures, alert=shown[0] if shown else None, more_alerts=max(0, others))


def _goes_on(alert: Alert) -> bool:
    """True for a crisis that somebody looks after: it stays in everybody's sight."""
    return alert.state == "acknowledged" and alert.kind == "incident" and alert.severity == "P1"


def staff_name(request: Request) -> str:
    """Who acts in this browser."""
    return clean(unquote(request.cookies.get(STAFF_COOKIE, "")))[:LONGEST_NAME] or STAFF


def wants_part(request: Request, target: str) -> bool:
    """True where only the element with the id ``target`` is to be replaced."""
    headers = request.headers
    return (
        headers.get("hx-request") == "true"
        and headers.get("hx-target") == target
        and "hx-history-restore-request" not in headers
    )


async def staff_page(
    renderer: Renderer,
    request: Request,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
) -> Response:
    """A whole page with its head."""
    head = await read_head(renderer.desk)
    shared = {"head": head, "me": staff_name(request), "query": query_without(request, "lang")}
    return renderer.response(request, template, {**shared, **values}, status=status)


def query_without(request: Request, *names: str) -> str:
    """The query string, ready to be appended to an address, without these fields."""
    pairs = [(k, v) for k, v in request.query_params.multi_items() if k not in names and v]
    return "&".join(f"{quote(key)}={quote(value)}" for key, value in pairs)


def go_to(path: str) -> Response:
    """After a form that a browser sent without script."""
    return RedirectResponse(path, status_code=303)
