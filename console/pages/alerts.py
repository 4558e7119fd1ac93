"""Alerts: what staff are warned of, and who takes it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door
from console.forms import read_form
from console.pages.head import go_to, staff_name, staff_page, wants_part
from console.render import Renderer
from core.errors import Conflict

PAGE = 100


class AlertPages:
    """The list of alerts, and acknowledging one."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._desk = renderer.desk

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        return [
            Door("/alerts", self.page, who="staff", policy=policy),
            Door("/alerts", self.acknowledge, who="staff", policy=policy, methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        """Newest first."""
        return await self._answer(request)

    async def acknowledge(self, request: Request) -> Response:
        """``key``: the sender of the form becomes the owner of this alert."""
        form = await read_form(request)
        try:
            alert = await self._desk.store.acknowledge_alert(
                form.get("key", ""), by=staff_name(request)
            )
        except Conflict:
            return await self._answer(request, notice="alert.conflict", status=409)
        self._desk.bus.publish(alert)
        if wants_part(request, "alerts"):
            return await self._answer(request)
        return go_to("/alerts")

    async def _answer(self, request: Request, *, notice: str = "", status: int = 200) -> Response:
        values = {"alerts": await self._desk.store.alerts(limit=PAGE), "notice": notice}
        if wants_part(request, "alerts"):
            return self._renderer.response(request, "_alert_items.html", values, status=status)
        return await staff_page(self._renderer, request, "alerts.html", values, status=status)
