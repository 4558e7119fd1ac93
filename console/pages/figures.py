"""Figures: what came in and what became of it, in numbers that add up."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door, MenuEntry
from console.formatting import json_response
from console.forms import whole
from console.pages.head import staff_page, wants_part
from console.render import Renderer
from console.timeline import WINDOWS, read_timeline
from core.errors import InputError
from core.figures import Figures

DEFAULT_HOURS = 24


class FigurePages:
    """The page, and the numbers behind its chart."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._desk = renderer.desk

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        return [
            Door("/figures", self.page, who="staff", policy=policy, menu=MenuEntry(name="figures")),
            Door("/figures/timeline", self.timeline, who="staff", policy=policy),
        ]

    async def page(self, request: Request) -> Response:
        """Cards, the way of all events, and the chart."""
        store, now = self._desk.store, self._desk.clock.now()
        counts = await store.events.counts()
        figures = await store.maintenance.figures(now)
        values = {
            "figures": figures,
            "counts": counts,
            "dropped": sorted(counts.dropped.items(), key=lambda item: (-item[1], item[0])),
            "dropped_total": sum(counts.dropped.values()),
            "share": negative_share(figures),
            "hours": _hours(request),
            "windows": tuple(WINDOWS),
        }
        for part in ("figures", "way"):
            if wants_part(request, part):
                return self._renderer.response(request, f"_{part}.html", values)
        return await staff_page(self._renderer, request, "figures.html", values)

    async def timeline(self, request: Request) -> Response:
        """JSON: ``since``, ``bar_seconds``, and one number a bar for each sentiment."""
        found = await read_timeline(
            self._desk.store, hours=_hours(request), now=self._desk.clock.now()
        )
        return json_response(found)


def negative_share(figures: Figures) -> float | None:
    """Negative mentions among those of the last hour; ``None`` without any."""
    if not figures.mentions_last_hour:
        return None
    return figures.negative_last_hour / figures.mentions_last_hour


def _hours(request: Request) -> int:
    hours = whole(request.query_params, "hours", default=DEFAULT_HOURS)
    if hours is None or hours not in WINDOWS:
        raise InputError(f"hours has to be one of: {', '.join(map(str, WINDOWS))}")
    return hours
