"""The wiring of all parts, in this process."""

import asyncio
import io
import json
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import cast

import aiohttp
import pytest
from rich.console import Console
from starlette.applications import Starlette
from typer.testing import CliRunner

from cli.commands.replay import Stopwatch, play
from cli.config import load_config
from cli.logs import configure_logs
from cli.server import bind, run_all
from cli.wiring import App, open_app
from connectors.replay.settings import read_feed
from core.clock import SystemClock
from core.errors import ConfigError, InputError
from core.runtime.bus import Bus
from core.runtime.engine import Engine
from core.runtime.jobs import Job
from examples.supermarket.posts import as_event
from examples.supermarket.scenario import write_lines
from examples.supermarket.week import week
from responders.alerting.manager import AlertManager
from tests.builders import START
from tests.cli.invoking import commands
from tests.driven_clock import WATCHDOG_SECONDS


@contextmanager
def root_logger_kept() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


async def played(config: Path, feed: Path) -> dict[str, object]:
    watch = Stopwatch(SystemClock())
    settings = read_feed(feed, "max", None)
    async with open_app(load_config(config), feed=settings, ended=watch.ended) as app:
        return await played_in(app, watch)


async def played_in(app: App, watch: Stopwatch | None = None) -> dict[str, object]:
    return await play(
        app,
        watch=watch or Stopwatch(SystemClock()),
        terminal=Console(file=io.StringIO()),
    )


async def test_a_feed_is_played_to_its_end(config: Path) -> None:
    feed = config.parent / "feed.jsonl"
    write_lines(feed, (as_event(post) for post in islice(week(7, START), 40)))
    report = await played(config, feed)
    assert report["events_in"] == 40
    assert report["pending"] == report["dead_lettered"] == report["alerts"] == 0


async def test_a_feed_that_disappears_ends_the_replay_with_an_error(config: Path) -> None:
    feed = config.parent / "feed.jsonl"
    feed.write_bytes(b"{}\n")
    async with open_app(load_config(config), feed=read_feed(feed, "max", None)) as app:
        feed.unlink()
        with pytest.raises(InputError, match="feed"):
            await played_in(app)


async def test_an_error_of_a_part_ends_the_replay(config: Path) -> None:
    feed = config.parent / "feed.jsonl"
    feed.write_bytes(b"{}\n")

    class Broken:
        raised = 0

        async def run(self) -> None:
            raise ValueError("a receiver failed")

    async with open_app(load_config(config), feed=read_feed(feed, "0.001", None)) as app:
        with pytest.raises(ValueError, match="failed"):
            await played_in(replace(app, alerts=cast("AlertManager", Broken())))


def test_try_score_and_check_run_in_process(config: Path) -> None:
    texts = config.parent / "texts.txt"
    texts.write_text("面包发霉了，要退款\n{bad\n", "utf-8")
    runner = CliRunner()
    tried = runner.invoke(commands(), ["try", str(texts), "--config", str(config)])
    assert tried.exit_code == 0, tried.exception
    assert "T-1001" in tried.stdout
    lines = '{"id": 1, "text": "ok"}\n{bad\n'
    scored = runner.invoke(commands(), ["score", "--config", str(config)], input=lines)
    assert scored.exit_code == 1
    assert json.loads(scored.stdout.splitlines()[0])["id"] == 1
    checked = runner.invoke(commands(), ["check", "--config", str(config)])
    assert checked.exit_code == 0, checked.exception


class Jobs:
    """Jobs that do something, nothing, and fail; each notes that it ran."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.ran = {name: asyncio.Event() for name in ("busy", "idle", "broken")}

    async def busy(self) -> int:
        self.ran["busy"].set()
        return 1

    async def idle(self) -> int:
        self.ran["idle"].set()
        return 0

    async def broken(self) -> int:
        self.ran["broken"].set()
        raise ValueError("no")


async def served(config: Path, ran_jobs: Jobs, *, fails: bool) -> None:
    async def worker() -> None:
        await ran_jobs.ready.wait()
        if fails:
            raise ValueError("a worker failed")
        async with aiohttp.ClientSession() as session, asyncio.timeout(WATCHDOG_SECONDS):
            for ran in ran_jobs.ran.values():
                await ran.wait()
                ran.clear()
                await ran.wait()
            async with session.get(f"http://127.0.0.1:{port}/") as answer:
                assert answer.status == 404
        os.kill(os.getpid(), signal.SIGTERM)

    every = timedelta(seconds=0.05)
    with bind("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        async with open_app(load_config(config)) as app:
            assert isinstance(app.engine, Engine)
            assert isinstance(app.bus, Bus)
            for given in app.jobs:
                assert await given.do() == 0
            await run_all(
                Starlette(),
                listening,
                engine=app.engine,
                jobs=[
                    Job(name="a", every=every, do=ran_jobs.busy),
                    Job(name="b", every=every, do=ran_jobs.idle),
                    Job(name="c", every=every, do=ran_jobs.broken),
                ],
                workers=[worker, app.alerts.run],
                ready=ran_jobs.ready.set,
            )


async def test_jobs_repeat_and_a_signal_stops_the_server(config: Path) -> None:
    ran_jobs = Jobs()
    await served(config, ran_jobs, fails=False)
    assert ran_jobs.ready.is_set()


async def test_an_error_of_a_worker_stops_the_server(config: Path) -> None:
    with pytest.raises(ValueError, match="failed"):
        await served(config, Jobs(), fails=True)


@pytest.fixture
def hooked(config: Path) -> Path:
    hook = '[[alerts.webhooks]]\nurl = "http://127.0.0.1:9/"\nsecret = "0123456789abcdef"\n'
    config.write_text(config.read_text("utf-8") + hook, "utf-8")
    return config


async def test_webhooks_of_the_configuration_are_receivers(hooked: Path) -> None:
    async with open_app(load_config(hooked)) as app:
        assert app.alerts.receivers == ("webhook-0",)


def test_an_address_that_cannot_be_bound_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"console\.port"):
        bind("256.0.0.1", 80)


def test_logs_are_json_lines_for_any_content() -> None:
    stream = io.StringIO()
    with root_logger_kept():
        configure_logs(stream=stream)
        logging.getLogger("part").info("said", extra={"text": "坏\ud800\n字符"})
        try:
            raise ValueError("boom")
        except ValueError:
            logging.getLogger("part").exception("failed")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["text"], first["level"]) == ("said", "坏\ud800\n字符", "info")
    assert "ValueError: boom" in second["exception"]
