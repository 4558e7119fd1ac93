"""Builds the console that a configuration asks for."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from starlette.applications import Starlette

from cli.drill_score import DrillBoard
from console.app import create_app
from console.ports import Regroups, WebChat
from core.bus import Bus
from core.clock import Clock
from core.connector import Connector, HandlesHttp
from core.engine import Engine
from core.repositories import Pauses, Store
from core.settings import Settings


def build_console(
    settings: Settings,
    *,
    store: Store,
    chat: WebChat | None,
    connectors: Iterable[Connector],
    engine: Engine,
    bus: Bus,
    clock: Clock,
    pauses: Pauses | None = None,
    regroups: Regroups | None = None,
    drill: DrillBoard | None = None,
) -> Starlette:
    """As create_app; ``chat`` is the web chat among the ``connectors``, if there is one."""
    return create_app(
        store=store,
        chat=chat,
        bus=bus,
        clock=clock,
        health=engine.health,
        notify=engine.wake,
        brand_name=settings.brands[0].name,
        brands={brand.id: brand.name for brand in settings.brands},
        language=settings.console.language,
        pushed={one.name: one for one in connectors if isinstance(one, HandlesHttp)},
        chat_origins=settings.console.chat_origins,
        pauses=pauses,
        regroups=regroups,
        drill=drill,
        zone=ZoneInfo(settings.alerts.timezone),
    )
