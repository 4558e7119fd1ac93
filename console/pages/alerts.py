"""Alerts: what staff are warned of, and who takes it."""

from dataclasses import replace
from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door, MenuEntry
from console.forms import read_form
from console.pages.head import go_to, staff_name, staff_page, wants_part
from console.render import Renderer
from core.alerts import Alert
from core.errors import Conflict

PAGE = 100
TRIES = 5
SNOOZE = timedelta(hours=1)


class AlertPages:
    """The list of alerts, and what is done about one."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._desk = renderer.desk

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        return [
            Door(
                "/alerts",
                self.page,
                who="staff",
                policy=policy,
                menu=MenuEntry(name="alerts", count="firing_alerts"),
            ),
            Door("/alerts", self.act, who="staff", policy=policy, methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        """Newest first."""
        return await self._answer(request)

    async def act(self, request: Request) -> Response:
        """``key``, and ``do``: acknowledge, snooze or resolve; who does it owns the alert."""
        form, me = await read_form(request), staff_name(request)
        try:
            alert = await self._act(form.get("key", ""), form.get("do", "acknowledge"), me)
        except Conflict:
            return await self._answer(request, notice="alert.conflict", status=409)
        self._desk.bus.publish(alert)
        if wants_part(request, "alerts"):
            return await self._answer(request)
        return go_to("/alerts")

    async def _act(self, key: str, do: str, me: str) -> Alert:
        store, now = self._desk.store, self._desk.clock.now()
        if do == "acknowledge":
            return await store.alerts.acknowledge(key, by=me)
        if do not in ("snooze", "resolve"):
            raise HTTPException(400, detail="not_a_form")
        for _ in range(TRIES):
            alert = await store.alerts.get(key)
            if alert is None or alert.state == "resolved":
                break
            changed = replace(alert, snoozed_until=now + SNOOZE)
            if do == "resolve":
                owner = alert.owner or me
                changed = replace(alert, state="resolved", resolved_at=now, owner=owner)
            try:
                return await store.alerts.save(changed)
            except Conflict:  # the desk of alerts has just noted something about it
                continue
        raise Conflict(f"the alert {key} is over, or changes all the time")

    async def _answer(self, request: Request, *, notice: str = "", status: int = 200) -> Response:
        store = self._desk.store
        alerts = await store.alerts.recent(limit=PAGE)
        gone = {alert.part_of for alert in alerts} - {None}
        values = {
            "alerts": alerts,
            "heirs": {id_: await store.incidents.get(id_) for id_ in gone if id_ is not None},
            "notice": notice,
        }
        if wants_part(request, "alerts"):
            return self._renderer.response(request, "_alert_items.html", values, status=status)
        return await staff_page(self._renderer, request, "alerts.html", values, status=status)
