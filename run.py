"""The command line and the composition root: reads the configuration, builds every part, runs them.

``python run.py`` starts the supermarket example; ``python run.py --help`` lists the commands.
"""

import os
import random
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp
import typer
from rich.console import Console as Terminal

from cli.context import Drilling, Feeding, Workshop
from cli.listening import add_listening
from cli.main import add_commands
from cli.output import problem_table, visible
from cli.storage import Access, add_storage, keys
from connectors.context import ConnectorContext, StaffRoom
from connectors.registry import build_channels, measures_of, read_channels
from connectors.replay.connector import Replay, backfill_feed
from connectors.replay.samples import lines_of, read_texts
from connectors.replay.settings import ReplaySettings, read_feed
from connectors.webchat.connector import Webchat
from console.ports import Regroups
from core.backfill import take_in
from core.bus import Bus
from core.clock import SystemClock
from core.config import parse
from core.connector import Connector, HasStaffBoard, ReadsEngagement
from core.engine import Engine
from core.errors import ConfigError, Problem, TingfengError, collect
from core.events import Received
from core.intake import IntakeDoor
from core.jobs import Job
from core.mentions import MentionFilter
from core.outcomes import Outcome
from core.pipeline import Pipeline, PipelineParts
from core.repositories import Pauses
from core.settings import Section, Settings
from core.taxonomy import CATEGORIES, INTENTS, RISKS
from examples.supermarket.live import with_live_feed, write_drill
from listeners.factory import build_understanding
from listeners.spread.engagement import EngagementPoller
from listeners.spread.factory import build_spread, spread_jobs
from moderation.factory import build_guards
from moderation.inbound import FLAGS
from responders.alerting.manager import AlertDesk
from responders.alerting.receivers.factory import without_receivers
from responders.answering.content import Content, read_content
from responders.answering.playbook import Vocabulary
from responders.factory import build_alarm, build_duties, build_responders, join_receivers
from responders.staff.factory import StaffSide
from storage.factory import AnyStore, open_store, sqlite_path

EXAMPLE: Final = Path(__file__).resolve().parent / "examples" / "supermarket" / "tingfeng.toml"
VOCABULARY: Final = Vocabulary(
    intents=frozenset(INTENTS),
    categories=frozenset(CATEGORIES),
    risks=frozenset(RISKS),
    flags=FLAGS,
)
clock: Final = SystemClock()
terminal: Final = Terminal(stderr=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plans:
    """A configuration that was read whole, with everything it names."""

    settings: Settings
    folder: Path
    """Relative paths start here."""
    channels: Mapping[str, Section]
    content: Content

    @property
    def store_url(self) -> str:
        path = sqlite_path(self.settings.store.url)
        return self.settings.store.url if path is None else f"sqlite:{self.folder / path}"


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """Every part, built and wired; only the store is open."""

    store: AnyStore
    pipeline: Pipeline
    engine: Engine
    bus: Bus
    connectors: list[Connector]
    duties: tuple[Job, ...]
    alerts: AlertDesk
    chat: Webchat | None
    feed: Replay | None
    """What is played, if there is one; it takes replies for channels that are not ours."""
    pauses: Pauses
    regroups: Regroups


def read_plans(file: Path, change: Callable[[Settings], Settings] = lambda given: given) -> Plans:
    """Read ``file`` and all that it names; raises ConfigError with every mistake there is."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(key="--config", message=f"{file}: {error}", remedy="Name a TOML file.")
        raise ConfigError((problem,)) from error
    settings, folder = change(parse(text, os.environ)), file.resolve().parent
    problems: list[Problem] = []
    channels = collect(lambda: read_channels(settings, folder), problems)
    content = collect(lambda: read_content(settings, folder, VOCABULARY), problems)
    collect(lambda: build_understanding(settings, folder), problems)
    if channels is None or content is None or problems:
        raise ConfigError(tuple(problems))
    return Plans(settings=settings, folder=folder, channels=channels, content=content)


@asynccontextmanager
async def open_house(
    plans: Plans,
    *,
    url: str | None = None,
    feed: ReplaySettings | None = None,
    ended: Callable[[Received, Outcome], None] | None = None,
    drill: Drilling | None = None,
) -> AsyncIterator[House]:
    """Build every part; ``url`` names another store, ``feed`` stands in for all channels."""
    settings, bus = plans.settings, Bus()
    async with AsyncExitStack() as stack:
        store = await open_store(url or plans.store_url, clock=clock, keys=keys())
        stack.push_async_callback(store.close)
        await store.articles.replace(plans.content.articles)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        understanding = build_understanding(settings, plans.folder)
        guards = build_guards(
            clock,
            store=store,
            published=[article.body for article in plans.content.articles],
            private_channels=[one.name for one in settings.channels if one.type == "webchat"],
            measures=measures_of(settings),
        )
        responders = build_responders(
            settings,
            plans.content,
            store=store,
            bus=bus,
            clock=clock,
            session=session,
            random=random.random,
            pauses=guards.pauses,
            drill=drill is not None,
        )
        spread = build_spread(
            settings,
            responders.alerts,
            clock,
            understanding.embedder,
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
        if drill is not None and drill.past is not None:
            await take_in(backfill_feed(drill.past, clock), parts)
        alarm = build_alarm(settings, responders.alerts, clock)
        pipeline = Pipeline(parts, bus=bus, ended=ended, died=alarm)
        intake = IntakeDoor(store.events, wake=pipeline.wake)
        staff = StaffSide(settings, store=store, pauses=guards.pauses, bus=bus, clock=clock)
        tools = ConnectorContext(
            intake=intake,
            clock=clock,
            bus=bus,
            alarm=responders.alerts,
            folder=plans.folder,
            staff=StaffRoom(
                desk=staff.desk, postings=staff.memory, language=settings.console.language
            ),
        )
        connectors: list[Connector] = (
            build_channels(settings, plans.channels, tools)
            if feed is None
            else [Replay(name="replay", settings=feed, clock=clock, folder=plans.folder)]
        )
        replayed = next((one for one in connectors if isinstance(one, Replay)), None)
        boards = [one.board for one in connectors if isinstance(one, HasStaffBoard) and one.board]
        if feed is None:  # what stands in for the channels has no groups
            join_receivers(settings, responders.alerts, boards)
        measured = [one for one in connectors if isinstance(one, ReadsEngagement)]
        figures = EngagementPoller(
            measured, posts=store.tracked_posts, mentions=store.mentions, watch=spread, clock=clock
        )
        engine = Engine(
            pipeline=pipeline,
            intake=intake,
            events=store.events,
            outbox=store.outbox,
            gate=guards.gate,
            doubts=responders.doubts,
            connectors=connectors,
            clock=clock,
            bus=bus,
            random=random.random,
            fallback=replayed.name if replayed else None,
            workers=[*staff.feeds(boards), figures.run],
        )
        duties = build_duties(
            settings,
            store=store,
            alerts=responders.alerts,
            health=engine.health,
            clock=clock,
        )
        yield House(
            store=store,
            pipeline=pipeline,
            engine=engine,
            bus=bus,
            connectors=connectors,
            duties=(*duties, *spread_jobs(spread)),
            alerts=responders.alerts,
            chat=next((one for one in connectors if isinstance(one, Webchat)), None),
            feed=replayed,
            pauses=guards.pauses,
            regroups=spread,
        )


def replay_house(plans: Plans, feeding: Feeding) -> AbstractAsyncContextManager[House]:
    """A house whose only channel is the feed."""
    feed = read_feed(feeding.file, feeding.speed, feeding.replies)
    return open_house(plans, feed=feed, ended=feeding.watch.ended)


def drill_house(plans: Plans, drilling: Drilling) -> AbstractAsyncContextManager[House]:
    """A house for an exercise, over a store of its own; it tells nobody unless it is asked to."""
    feed = read_feed(drilling.file, str(drilling.speed), None)
    if not drilling.receivers:
        plans = replace(plans, settings=without_receivers(plans.settings))
    return open_house(plans, url=drilling.url, feed=feed, drill=drilling)


def read_today() -> Plans:
    """The example with posts of today."""
    return read_plans(
        EXAMPLE, partial(with_live_feed, data=EXAMPLE.parent / "data", now=clock.now())
    )


def command_line() -> typer.Typer:
    """Every command."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    workshop = Workshop(
        example=EXAMPLE,
        clock=clock,
        read=read_plans,
        read_today=read_today,
        build=open_house,
        build_apart=lambda plans, url: open_house(plans, url=url),
        build_replay=replay_house,
        build_drill=drill_house,
        scenario=lambda folder, speed: write_drill(folder, clock.now(), speed),
        texts=lambda file: read_texts(lines_of(file), clock.now()),
    )
    add_commands(app, workshop, terminal)
    access = Access(url_of=lambda f: read_plans(f).store_url, clock=clock, terminal=terminal)
    add_listening(
        app,
        lambda file: read_plans(file).settings,
        EXAMPLE,
        lambda file: access.on(file, lambda store: store.corrections.recent()),
    )
    add_storage(app, access)
    return app


def main() -> None:
    """Run the command line; mistakes that a person can mend are told without a traceback."""
    try:
        command_line()()
    except ConfigError as error:
        terminal.print(problem_table(error.problems))
        sys.exit(2)
    except (TingfengError, OSError) as error:
        terminal.print(visible(str(error)), markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
