"""``/health`` for load balancers, ``/metrics`` for Prometheus."""

from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.json_encoding import json_response
from console.pages.base import ConsolePage
from core.errors import StoreError
from core.model.events import EventCounts
from core.model.figures import Figures
from core.model.health import Health, Status

STATUSES: Final[tuple[Status, ...]] = (
    "starting",
    "connected",
    "retrying",
    "finished",
    "refused",
    "stopped",
)
DOWN: Final = frozenset({"refused", "stopped"})
TROUBLED: Final = DOWN | {"retrying"}


class Probes(ConsolePage):
    """Health and metrics."""

    def routes(self) -> Sequence[BaseRoute]:
        return [
            self.route("/health", self.health, who="public"),
            self.route("/metrics", self.metrics, who="staff"),
        ]

    async def health(self, request: Request) -> Response:
        """``{"status", "store", "connectors"}``; 503 while no work can be done.

        ``status`` is ``ok``, ``degraded`` (a connector is not connected) or ``failing``.
        """
        connectors = self._context.health()
        try:
            await self._context.store.events.counts()
            await self._context.store.maintenance.check()
            store = True
        except StoreError:
            store = False
        status = overall_status(connectors, store=store)
        body = {
            "status": status,
            "store": store,
            "connectors": {health.name: health.status for health in connectors},
        }
        return json_response(body, status=503 if status == "failing" else 200)

    async def metrics(self, request: Request) -> Response:
        """Metrics in the Prometheus text format; 503 while the store fails."""
        counts = await self._context.store.events.counts()
        figures = await self._context.store.maintenance.figures(self._context.clock.now())
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(_families(counts, figures, self._context.health())))
        body = generate_latest(REGISTRY) + generate_latest(registry)
        return Response(body, media_type=CONTENT_TYPE_LATEST)


def overall_status(connectors: Sequence[Health], *, store: bool) -> str:
    """``ok``, ``degraded`` or ``failing``."""
    if not store or (connectors and all(health.status in DOWN for health in connectors)):
        return "failing"
    troubled = any(health.status in TROUBLED for health in connectors)
    return "degraded" if troubled else "ok"


class _Collected(Collector):
    """Metrics read before the registry collects them, which it does synchronously."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(counts: EventCounts, figures: Figures, connectors: Sequence[Health]) -> list[Metric]:
    received = CounterMetricFamily("tingfeng_events_received", "Events in the store.")
    received.add_metric([], counts.received)
    states = GaugeMetricFamily(
        "tingfeng_events", "Where events stand; the sum is all received.", labels=["state"]
    )
    for state, number in (
        ("done", counts.done),
        ("pending", counts.pending),
        ("dead", counts.dead),
        ("dropped", sum(counts.dropped.values())),
    ):
        states.add_metric([state], number)
    dropped = GaugeMetricFamily("tingfeng_events_dropped", "Dropped events.", labels=["reason"])
    for reason, number in sorted(counts.dropped.items()):
        dropped.add_metric([reason], number)
    return [received, states, dropped, *_figures(figures), *_connectors(connectors)]


def _figures(figures: Figures) -> list[Metric]:
    found: list[Metric] = []
    for name, what, number in (
        ("tickets_unresolved", "Open or waiting tickets.", figures.unresolved_tickets),
        ("tickets_late", "Unanswered tickets past their deadline.", figures.late_tickets),
        ("drafts", "Replies that wait for a person.", figures.drafts),
        ("alerts_firing", "Alerts that are firing and not acknowledged.", figures.firing_alerts),
        ("mentions_last_hour", "Mentions in the last hour.", figures.mentions_last_hour),
        ("mentions_negative_last_hour", "Negative ones.", figures.negative_last_hour),
    ):
        found.append(GaugeMetricFamily(f"tingfeng_{name}", what, value=number))
    return found


def _connectors(connectors: Sequence[Health]) -> list[Metric]:
    status = GaugeMetricFamily(
        "tingfeng_connector_status", "1 for the status it has.", labels=["connector", "status"]
    )
    events = CounterMetricFamily(
        "tingfeng_connector_events", "Events stored since the start.", labels=["connector"]
    )
    restarts = CounterMetricFamily(
        "tingfeng_connector_restarts", "Restarts since the start.", labels=["connector"]
    )
    for health in connectors:
        for name in STATUSES:
            status.add_metric([health.name, name], float(health.status == name))
        events.add_metric([health.name], health.events)
        restarts.add_metric([health.name], health.restarts)
    return [status, events, restarts]
