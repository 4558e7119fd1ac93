"""The composition root: builds every part from a configuration and connects them."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import aiohttp
from starlette.applications import Starlette

from cli.catalogue import shipped_catalogue
from cli.config import LoadedConfig, load_config
from connectors.context import ConnectorContext, StaffRoom
from connectors.registry import build_channels, measures_of
from connectors.replay.connector import Replay, backfill_feed
from connectors.replay.settings import ReplaySettings
from connectors.webchat.connector import Webchat
from console.app import create_app
from console.context import RegroupsIncidents
from console.drill import DrillScoreboard
from core.clock import Clock, SystemClock
from core.connector import Connector, HandlesHttp, HasStaffBoard, ReadsEngagement
from core.model.events import Received
from core.model.mentions import MentionFilter
from core.model.outcomes import Outcome
from core.repositories import Pauses
from core.runtime.bus import Bus
from core.runtime.engine import Engine
from core.runtime.intake import EventIntake
from core.runtime.jobs import Job
from core.runtime.pipeline import Pipeline, PipelineParts, take_in
from core.settings import Settings
from listeners.factory import build_understanding
from listeners.spread.engagement import EngagementPoller
from listeners.spread.factory import build_spread, spread_jobs
from moderation.gate import build_guards
from responders.alerting.manager import AlertManager
from responders.factory import (
    StaffServices,
    build_dead_letter_alert,
    build_responders,
    join_receivers,
)
from responders.jobs import build_jobs
from storage.encryption import Keys
from storage.factory import AnyStore, open_store

R = TypeVar("R")
KEY: Final = "TINGFENG_KEY"


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """Every part, built and connected. The store is open; nothing runs yet."""

    settings: Settings
    clock: Clock
    store: AnyStore
    pipeline: Pipeline
    engine: Engine
    bus: Bus
    connectors: list[Connector]
    jobs: tuple[Job, ...]
    alerts: AlertManager
    chat: Webchat | None
    feed: Replay | None
    """The feed that is played; it also takes replies for channels that have no connector."""
    pauses: Pauses
    regroups: RegroupsIncidents


@asynccontextmanager
async def open_app(
    loaded: LoadedConfig,
    *,
    url: str | None = None,
    feed: ReplaySettings | None = None,
    past: Path | None = None,
    drill: bool = False,
    ended: Callable[[Received, Outcome], None] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[App]:
    """Build the application, and close what it opened at the end.

    ``url`` is a store to use instead of the configured one. ``feed`` replaces all channels.
    ``past`` is a feed to process first, without replies or alerts. ``drill`` marks alerts as an
    exercise. ``ended`` is called for every event that was processed. ``clock`` is the system's by
    default.

    Raises ConfigError and StoreError where a part cannot be built.
    """
    settings, bus, clock = loaded.settings, Bus(), clock or SystemClock()
    catalogue = shipped_catalogue()
    async with AsyncExitStack() as stack:
        store = await open_store(url or loaded.store_url, clock=clock, keys=store_keys())
        stack.push_async_callback(store.close)
        await store.articles.replace(loaded.content.articles)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        understanding = build_understanding(settings, loaded.folder)
        guards = build_guards(
            clock,
            store=store,
            published=[article.body for article in loaded.content.articles],
            private_channels=[one.name for one in settings.channels if one.type == "webchat"],
            measures=measures_of(settings),
        )
        responders = build_responders(
            settings,
            loaded.content,
            catalogue=catalogue,
            store=store,
            bus=bus,
            clock=clock,
            session=session,
            random=random.random,
            pauses=guards.pauses,
            drill=drill,
        )
        spread = build_spread(
            settings,
            responders.alerts,
            clock,
            understanding.embedder,
            catalogue=catalogue,
            store=store,
            bus=bus,
        )
        stack.push_async_callback(spread.close)
        if newest := (await store.mentions.find(MentionFilter(), limit=1)).mentions:
            since = newest[0].mention.event.posted_at - spread.memory
            await spread.rebuild(
                await store.mentions.since(since), await store.alerts.recent(limit=500)
            )
        parts = PipelineParts(
            events=store.events,
            matcher=understanding.matcher,
            judge=understanding.judge,
            moderator=guards.inbound,
            decider=responders.decider,
            spread=spread,
        )
        if past is not None:
            await take_in(backfill_feed(past, clock), parts)
        alarm = build_dead_letter_alert(settings, responders.alerts, clock, catalogue)
        pipeline = Pipeline(parts, bus=bus, ended=ended, died=alarm)
        intake = EventIntake(store.events, wake=pipeline.wake)
        staff = StaffServices(
            settings, catalogue=catalogue, store=store, pauses=guards.pauses, bus=bus, clock=clock
        )
        connector_context = ConnectorContext(
            intake=intake,
            clock=clock,
            bus=bus,
            alarm=responders.alerts,
            catalogue=catalogue,
            folder=loaded.folder,
            staff=StaffRoom(
                desk=staff.actions, postings=staff.memory, language=settings.console.language
            ),
        )
        connectors: list[Connector] = (
            build_channels(settings, loaded.channels, connector_context)
            if feed is None
            else [Replay(name="replay", settings=feed, clock=clock, folder=loaded.folder)]
        )
        replayed = next((one for one in connectors if isinstance(one, Replay)), None)
        boards = [one.board for one in connectors if isinstance(one, HasStaffBoard) and one.board]
        if feed is None:  # a feed has no staff groups that receivers could be named after
            join_receivers(settings, responders.alerts, boards)
        measured = [one for one in connectors if isinstance(one, ReadsEngagement)]
        engagement = EngagementPoller(
            measured, posts=store.tracked_posts, mentions=store.mentions, watch=spread, clock=clock
        )
        engine = Engine(
            pipeline=pipeline,
            intake=intake,
            events=store.events,
            outbox=store.outbox,
            gate=guards.gate,
            undelivered=responders.undelivered,
            connectors=connectors,
            clock=clock,
            bus=bus,
            random=random.random,
            fallback=replayed.name if replayed else None,
            workers=[*staff.feeds(boards), engagement.run],
        )
        jobs = build_jobs(
            settings,
            store=store,
            alerts=responders.alerts,
            catalogue=catalogue,
            health=engine.health,
            clock=clock,
        )
        yield App(
            settings=settings,
            clock=clock,
            store=store,
            pipeline=pipeline,
            engine=engine,
            bus=bus,
            connectors=connectors,
            jobs=(*jobs, *spread_jobs(spread)),
            alerts=responders.alerts,
            chat=next((one for one in connectors if isinstance(one, Webchat)), None),
            feed=replayed,
            pauses=guards.pauses,
            regroups=spread,
        )


def build_console(app: App, *, drill: DrillScoreboard | None = None) -> Starlette:
    """The web console of an application; during an exercise without the web chat."""
    settings = app.settings
    return create_app(
        store=app.store,
        chat=app.chat if drill is None else None,
        bus=app.bus,
        clock=app.clock,
        catalogue=shipped_catalogue(),
        health=app.engine.health,
        notify=app.engine.wake,
        brand_name=settings.brands[0].name,
        brands={brand.id: brand.name for brand in settings.brands},
        language=settings.console.language,
        pushed={one.name: one for one in app.connectors if isinstance(one, HandlesHttp)},
        chat_origins=settings.console.chat_origins,
        pauses=app.pauses,
        regroups=app.regroups,
        drill=drill,
        zone=ZoneInfo(settings.alerts.timezone),
    )


def run_with_store(file: Path, work: Callable[[AnyStore], Awaitable[R]], *, clock: Clock) -> R:
    """Open the store of the configuration ``file``, run ``work`` on it, and close it."""

    async def opened() -> R:
        url = load_config(file).store_url
        store = await open_store(url, clock=clock, keys=store_keys())
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(opened())


def store_keys() -> Keys:
    """The encryption keys of stores, from the environment."""
    return Keys(master=os.environ.get(KEY))
