"""The command line and the composition root: reads the configuration, builds every part, runs them.

``python run.py`` starts the supermarket example; ``python run.py --help`` lists the commands.
"""

import asyncio
import json
import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import SIGKILL
from typing import Annotated, Final

import aiohttp
import typer
from rich.console import Console as Terminal

from connectors.assembly import build_channels, read_channels, read_feed
from connectors.replay import Replay, ReplaySettings
from connectors.texts import lines_of, read_texts
from connectors.tools import Tools
from connectors.webchat import Webchat
from console.app import create_app, require_vendor
from console.logs import configure_logs
from console.replaying import play
from console.server import bind
from console.serving import run_all
from console.terminal import Trial, banner, problem_table, report_table, trial_table, visible
from console.trying import try_out
from core import checkpoints
from core.bus import Bus
from core.clock import SystemClock
from core.config import Section, Settings, parse
from core.duty import Duty
from core.engine import Engine
from core.errors import ConfigError, Problem, TingfengError, collect
from core.intake import IntakeDoor
from core.pipeline import Parts, Pipeline
from core.ports import Connector, HandlesHttp
from core.queries import MentionFilter
from core.records import Outcome
from core.report import Stopwatch
from core.types import Received
from examples.supermarket.live import with_live_feed
from listeners.assembly import build_spread, build_understanding
from listeners.categories import CATEGORIES
from listeners.intents import INTENTS
from listeners.risks import KINDS
from listeners.score import score_lines
from moderation.assembly import build_guards
from moderation.inbound import FLAGS
from responders.alerts import AlertDesk
from responders.assembly import build_duties, build_responders
from responders.content import Content, read_content
from responders.playbook import Vocabulary
from storage.factory import AnyStore, open_store, sqlite_path

EXAMPLE: Final = Path(__file__).resolve().parent / "examples" / "supermarket"
VOCABULARY: Final = Vocabulary(
    intents=frozenset(INTENTS),
    categories=frozenset(CATEGORIES),
    risks=frozenset(KINDS),
    flags=FLAGS,
)
clock: Final = SystemClock()
terminal: Final = Terminal(stderr=True)
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration (TOML).")]
Port = Annotated[int | None, typer.Option(help="Instead of console.port; 0 takes a free one.")]


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
    duties: tuple[Duty, ...]
    alerts: AlertDesk
    replayed: Replay | None
    """The feed that is played, if there is one; takes replies for channels that are not ours."""


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
    collect(lambda: build_understanding(settings), problems)
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
) -> AsyncIterator[House]:
    """Build every part; ``url`` names another store, ``feed`` stands in for all channels."""
    settings, bus = plans.settings, Bus()
    async with AsyncExitStack() as stack:
        store = await open_store(url or plans.store_url, clock=clock)
        stack.push_async_callback(store.close)
        await store.replace_articles(plans.content.articles)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        understanding = build_understanding(settings)
        guards = build_guards(
            clock,
            published=[article.body for article in plans.content.articles],
            private_channels=[one.name for one in settings.channels if one.type == "webchat"],
        )
        responders = build_responders(
            settings,
            plans.content,
            store=store,
            bus=bus,
            clock=clock,
            session=session,
            random=random.random,
        )
        spread = build_spread(settings, responders.alerts, clock)
        if newest := (await store.mentions(MentionFilter(), limit=1)).mentions:
            since = newest[0].mention.event.posted_at - spread.memory
            await spread.rebuild(await store.mentions_since(since), await store.alerts(limit=500))
        pipeline = Pipeline(
            Parts(
                inbox=store,
                matcher=understanding.matcher,
                judge=understanding.judge,
                moderator=guards.inbound,
                decider=responders.decider,
                spread=spread,
            ),
            bus=bus,
            ended=ended,
        )
        intake = IntakeDoor(store, wake=pipeline.wake)
        tools = Tools(
            intake=intake, clock=clock, bus=bus, alarm=responders.alerts, folder=plans.folder
        )
        connectors: list[Connector] = (
            build_channels(settings, plans.channels, tools)
            if feed is None
            else [Replay(name="replay", settings=feed, clock=clock, folder=plans.folder)]
        )
        replayed = next((one for one in connectors if isinstance(one, Replay)), None)
        engine = Engine(
            pipeline=pipeline,
            intake=intake,
            inbox=store,
            outbox=store,
            gate=guards.gate,
            doubts=responders.doubts,
            connectors=connectors,
            clock=clock,
            bus=bus,
            random=random.random,
            fallback=replayed.name if replayed else None,
        )
        yield House(
            store=store,
            pipeline=pipeline,
            engine=engine,
            bus=bus,
            connectors=connectors,
            duties=build_duties(
                settings,
                store=store,
                alerts=responders.alerts,
                health=engine.health,
                clock=clock,
            ),
            alerts=responders.alerts,
            replayed=replayed,
        )


@app.callback(invoke_without_command=True)
def start(context: typer.Context, port: Port = None) -> None:
    """Listens to what people say about a brand, and answers. Without a command: the example."""
    if context.invoked_subcommand is None:
        configure_logs(level="WARNING")
        today = partial(with_live_feed, data=EXAMPLE / "data", now=clock.now())
        asyncio.run(_serve(read_plans(EXAMPLE / "tingfeng.toml", today), port))


@app.command()
def serve(config: ConfigFile, port: Port = None) -> None:
    """Run every channel, the console and the schedule until Ctrl-C."""
    configure_logs()
    asyncio.run(_serve(read_plans(config), port))


async def _serve(plans: Plans, port: int | None) -> None:
    settings = plans.settings
    brands = {brand.id: brand.name for brand in settings.brands}
    host = settings.console.host
    with bind(host, settings.console.port if port is None else port) as listening:
        async with open_house(plans) as house:
            console = create_app(
                store=house.store,
                chat=next((one for one in house.connectors if isinstance(one, Webchat)), None),
                bus=house.bus,
                clock=clock,
                health=house.engine.health,
                notify=house.engine.wake,
                brand_name=settings.brands[0].name,
                brands=brands,
                language=settings.console.language,
                pushed={one.name: one for one in house.connectors if isinstance(one, HandlesHttp)},
                chat_origins=settings.console.chat_origins,
            )
            url = f"http://{host}:{listening.getsockname()[1]}"
            await run_all(
                console,
                listening,
                engine=house.engine,
                duties=house.duties,
                workers=[house.alerts.run],
                ready=lambda: banner(terminal, url=url, brand=settings.brands[0].name),
            )


@app.command()
def check(config: ConfigFile) -> None:
    """Find every mistake in the configuration and in what it names; what passes, serve runs."""
    plans = read_plans(config)

    async def open_all() -> None:
        with bind(plans.settings.console.host, plans.settings.console.port):
            async with open_house(plans):
                require_vendor()

    asyncio.run(open_all())
    terminal.print(f"{config}: 没有发现错误 no mistake found")


@app.command(name="try")
def try_(
    file: Annotated[Path, typer.Argument(help="Lines of text, or a feed.")] = EXAMPLE / "try.txt",
    config: ConfigFile = EXAMPLE / "tingfeng.toml",
) -> None:
    """Show what would be done with texts; nothing is stored, nothing is sent."""
    plans = read_plans(config)

    async def trials(folder: str) -> list[Trial]:
        async with open_house(plans, url=f"sqlite:{folder}/try.db") as house:
            events = read_texts(lines_of(file), clock.now())
            return await try_out(events, inbox=house.store, pipeline=house.pipeline)

    with tempfile.TemporaryDirectory() as folder:
        Terminal().print(trial_table(asyncio.run(trials(folder))))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="JSON Lines, gzipped or not.")],
    config: ConfigFile,
    speed: Annotated[str, typer.Option(help="max, or how many times faster than life.")] = "max",
    report: Annotated[Path | None, typer.Option(help="Where to write the report (JSON).")] = None,
    replies: Annotated[
        Path | None, typer.Option(help="Where to write replies (JSON Lines).")
    ] = None,
) -> None:
    """Play a feed through the configured brand, with replies that go nowhere; then report."""
    configure_logs(level="ERROR")
    plans, feed, watch = read_plans(config), read_feed(file, speed, replies), Stopwatch(clock)

    async def play_feed() -> dict[str, object]:
        async with open_house(plans, feed=feed, ended=watch.ended) as house:
            before = await house.store.counts()
            await play(
                house.engine,
                alerts=house.alerts.run,
                progress=lambda: house.replayed.progress if house.replayed else 1.0,
                ended=lambda: len(watch.seconds),
                terminal=terminal,
            )
            return watch.report(before, await house.store.counts(), house.alerts.raised)

    found = asyncio.run(play_feed())
    Terminal().print(report_table(found))
    if report is not None:
        report.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")


@app.command(name="score")
def score_(config: ConfigFile = EXAMPLE / "tingfeng.toml") -> None:
    """Judge JSON Lines {"id", "text"} from standard input, one line each, in order."""
    understanding = build_understanding(read_plans(config).settings)
    raise typer.Exit(
        score_lines(sys.stdin.buffer, understanding, out=sys.stdout, errors=sys.stderr)
    )


def main() -> None:
    """Run the command line; mistakes that a person can mend are told without a traceback."""
    if point := os.environ.get("TINGFENG_STOP_AT"):
        checkpoints.observe(checkpoints.countdown(point, lambda: os.kill(os.getpid(), SIGKILL)))
    try:
        app()
    except ConfigError as error:
        terminal.print(problem_table(error.problems))
        sys.exit(2)
    except (TingfengError, OSError) as error:
        terminal.print(visible(str(error)), markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
