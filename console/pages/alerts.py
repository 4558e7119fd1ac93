"""Alerts: the newest first, acknowledged, snoozed or resolved by staff."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.forms import read_form
from console.pages.base import ConsolePage, redirect, staff_name, wants_part
from console.render import MenuItem
from core.errors import Conflict
from core.model.alerts import Alert

PAGE: Final = 100
ATTEMPTS: Final = 5
SNOOZE: Final = timedelta(hours=1)


class AlertPages(ConsolePage):
    """The list of alerts."""

    menu = MenuItem(name="alerts", path="/alerts", figure="firing_alerts")

    def routes(self) -> Sequence[BaseRoute]:
        return [
            self.route("/alerts", self.page, who="staff"),
            self.route("/alerts", self.act, who="staff", methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        return await self._respond(request)

    async def act(self, request: Request) -> Response:
        """Form: ``key``, and ``do`` (acknowledge, snooze or resolve)."""
        form, me = await read_form(request), staff_name(request)
        try:
            alert = await self._act(form.get("key", ""), form.get("do", "acknowledge"), me)
        except Conflict:
            return await self._respond(request, notice="alert.conflict", status=409)
        self._context.bus.publish(alert)
        if wants_part(request, "alerts"):
            return await self._respond(request)
        return redirect("/alerts")

    async def _act(self, key: str, do: str, me: str) -> Alert:
        store, now = self._context.store, self._context.clock.now()
        if do == "acknowledge":
            return await store.alerts.acknowledge(key, by=me)
        if do not in ("snooze", "resolve"):
            raise HTTPException(400, detail="not_a_form")
        for _ in range(ATTEMPTS):
            alert = await store.alerts.get(key)
            if alert is None or alert.state == "resolved":
                break
            changed = replace(alert, snoozed_until=now + SNOOZE)
            if do == "resolve":
                owner = alert.owner or me
                changed = replace(alert, state="resolved", resolved_at=now, owner=owner)
            try:
                return await store.alerts.save(changed)
            except Conflict:  # the alert manager has updated it in between
                continue
        raise Conflict(f"the alert {key} is resolved, or was changed {ATTEMPTS} times meanwhile")

    async def _respond(self, request: Request, *, notice: str = "", status: int = 200) -> Response:
        store = self._context.store
        alerts = await store.alerts.recent(limit=PAGE)
        merged = {alert.part_of for alert in alerts} - {None}
        values = {
            "alerts": alerts,
            "merged_into": {
                id_: await store.incidents.get(id_) for id_ in merged if id_ is not None
            },
            "notice": notice,
        }
        return await self.respond(
            request, "alerts.html", values, parts={"alerts": "_alert_items.html"}, status=status
        )
