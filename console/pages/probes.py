"""For machines that watch this one: ``/health`` and ``/metrics``."""

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

from console.access import Door
from console.desk import Desk
from console.formatting import json_response
from core.errors import StoreError
from core.events import EventCounts
from core.figures import Figures
from core.health import Health, Status

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


class Probes:
    """Answers that a load balancer or Prometheus understands."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        return [
            Door("/health", self.health, who="public", policy=policy),
            Door("/metrics", self.metrics, who="staff", policy=policy),
        ]

    async def health(self, request: Request) -> Response:
        """``{"status", "store", "connectors"}``; 503 where no work can be done at all.

        ``status`` is ``ok``, ``degraded`` (a connector is in trouble) or ``failing``.
        """
        connectors = self._desk.health()
        try:
            await self._desk.store.events.counts()
            await self._desk.store.maintenance.check()
            store = True
        except StoreError:
            store = False
        status = overall(connectors, store=store)
        found = {
            "status": status,
            "store": store,
            "connectors": {health.name: health.status for health in connectors},
        }
        return json_response(found, status=503 if status == "failing" else 200)

    async def metrics(self, request: Request) -> Response:
        """Prometheus text; 503 where the store does not answer."""
        counts = await self._desk.store.events.counts()
        figures = await self._desk.store.maintenance.figures(self._desk.clock.now())
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(_families(counts, figures, self._desk.health())))
        body = generate_latest(REGISTRY) + generate_latest(registry)
        return Response(body, media_type=CONTENT_TYPE_LATEST)


def overall(connectors: Sequence[Health], *, store: bool) -> str:
    """One word for all of it."""
    if not store or (connectors and all(health.status in DOWN for health in connectors)):
        return "failing"
    troubled = any(health.status in TROUBLED for health in connectors)
    return "degraded" if troubled else "ok"


class _Families(Collector):
    """Figures that were read before; the registry wants to collect them itself."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._found = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._found


def _families(counts: EventCounts, figures: Figures, connectors: Sequence[Health]) -> list[Metric]:
    received = CounterMetricFamily("tingfeng_events_received", "Events in the store.")
    received.add_metric([], counts.received)
    standing = GaugeMetricFamily(
        "tingfeng_events", "Where events stand; the sum is all received.", labels=["state"]
    )
    for state, number in (
        ("done", counts.done),
        ("pending", counts.pending),
        ("dead", counts.dead),
        ("dropped", sum(counts.dropped.values())),
    ):
        standing.add_metric([state], number)
    dropped = GaugeMetricFamily("tingfeng_events_dropped", "Dropped events.", labels=["reason"])
    for reason, number in sorted(counts.dropped.items()):
        dropped.add_metric([reason], number)
    return [received, standing, dropped, *_figures(figures), *_connectors(connectors)]


def _figures(figures: Figures) -> list[Metric]:
    found: list[Metric] = []
    for name, what, number in (
        ("tickets_unresolved", "Open or waiting tickets.", figures.unresolved_tickets),
        ("tickets_late", "Unanswered tickets past their deadline.", figures.late_tickets),
        ("drafts", "Replies that wait for a person.", figures.drafts),
        ("alerts_firing", "Alerts that nobody has taken.", figures.firing_alerts),
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
