"""The composition root in this process: what is built is what runs."""

import asyncio
import io
import json
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path

import aiohttp
import pytest
from rich.console import Console
from starlette.applications import Starlette
from typer.testing import CliRunner

import run
from cli.logs import configure_logs
from cli.replay import AlertWork, play
from cli.serve import run_all
from connectors.replay.settings import read_feed
from console.server import bind
from core.bus import Bus
from core.engine import Engine
from core.errors import ConfigError, InputError
from core.jobs import Job
from core.report import Stopwatch
from examples.supermarket.posts import as_event
from examples.supermarket.scenario import write_lines
from examples.supermarket.week import week
from tests.builders import START


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
    plans, watch = run.read_plans(config), Stopwatch(run.clock)
    settings = read_feed(feed, "max", None)
    async with run.open_house(plans, feed=settings, ended=watch.ended) as house:
        return await played_in(house, house.alerts, watch)


async def played_in(
    house: run.House, alerts: AlertWork, watch: Stopwatch | None = None
) -> dict[str, object]:
    assert house.feed is not None
    return await play(
        house.engine,
        house.feed,
        watch=watch or Stopwatch(run.clock),
        events=house.store.events,
        alerts=alerts,
        terminal=Console(file=io.StringIO()),
    )


async def test_a_feed_is_played_to_its_end(config: Path) -> None:
    feed = config.parent / "feed.jsonl"
    write_lines(feed, (as_event(post) for post in islice(week(7, START), 40)))
    report = await played(config, feed)
    assert report["events_in"] == 40
    assert report["pending"] == report["dead_lettered"] == report["alerts"] == 0


async def test_a_feed_that_breaks_off_is_told_after_what_came_before(config: Path) -> None:
    feed = config.parent / "feed.jsonl"
    feed.write_bytes(b"{}\n")
    plans = run.read_plans(config)
    async with run.open_house(plans, feed=read_feed(feed, "max", None)) as house:
        feed.unlink()
        with pytest.raises(InputError, match="feed"):
            await played_in(house, house.alerts)


async def test_a_part_that_fails_ends_the_replay_with_its_error(config: Path) -> None:
    feed = config.parent / "feed.jsonl"
    feed.write_bytes(b"{}\n")

    class Broken:
        raised = 0

        async def run(self) -> None:
            raise ValueError("a receiver fell over")

    plans = run.read_plans(config)
    async with run.open_house(plans, feed=read_feed(feed, "0.001", None)) as house:
        with pytest.raises(ValueError, match="fell over"):
            await played_in(house, Broken())


def test_try_and_score_print_for_people_and_for_pipes(config: Path) -> None:
    texts = config.parent / "texts.txt"
    texts.write_text("面包发霉了，要退款\n{bad\n", "utf-8")
    runner = CliRunner()
    tried = runner.invoke(run.command_line(), ["try", str(texts), "--config", str(config)])
    assert tried.exit_code == 0, tried.exception
    assert "T-1001" in tried.stdout
    lines = '{"id": 1, "text": "ok"}\n{bad\n'
    scored = runner.invoke(run.command_line(), ["score", "--config", str(config)], input=lines)
    assert scored.exit_code == 1
    assert json.loads(scored.stdout.splitlines()[0])["id"] == 1
    checked = runner.invoke(run.command_line(), ["check", "--config", str(config)])
    assert checked.exit_code == 0, checked.exception


class Stage:
    """A server beside an engine that may fail, with duties that do."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.ready = asyncio.Event()

    async def duty(self) -> int:
        self.done.append("duty")
        return 1

    async def idle_duty(self) -> int:
        self.done.append("idle")
        return 0

    async def broken_duty(self) -> int:
        self.done.append("broken")
        raise ValueError("no")


async def served(config: Path, stage: Stage, *, fails: bool) -> None:
    async def worker() -> None:
        await stage.ready.wait()
        if fails:
            raise ValueError("a worker fell over")
        async with aiohttp.ClientSession() as session, asyncio.timeout(10):
            while len(set(stage.done)) < 3:
                await asyncio.sleep(0.01)
            async with session.get(f"http://127.0.0.1:{port}/") as answer:
                assert answer.status == 404
        os.kill(os.getpid(), signal.SIGTERM)

    plans = run.read_plans(config)
    every = timedelta(seconds=0.05)
    with bind("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        async with run.open_house(plans) as house:
            assert isinstance(house.engine, Engine)
            assert isinstance(house.bus, Bus)
            for given in house.duties:
                assert await given.do() == 0
            await run_all(
                Starlette(),
                listening,
                engine=house.engine,
                duties=[
                    Job(name="a", every=every, do=stage.duty),
                    Job(name="b", every=every, do=stage.idle_duty),
                    Job(name="c", every=every, do=stage.broken_duty),
                ],
                workers=[worker, house.alerts.run],
                ready=stage.ready.set,
            )


async def test_duties_repeat_and_a_signal_ends_everything(config: Path) -> None:
    stage = Stage()
    await served(config, stage, fails=False)
    assert {"duty", "idle", "broken"} <= set(stage.done)


async def test_a_worker_that_fails_ends_everything_with_its_error(config: Path) -> None:
    with pytest.raises(ValueError, match="fell over"):
        await served(config, Stage(), fails=True)


@pytest.fixture
def hooked(config: Path) -> Path:
    hook = '[[alerts.webhooks]]\nurl = "http://127.0.0.1:9/"\nsecret = "0123456789abcdef"\n'
    config.write_text(config.read_text("utf-8") + hook, "utf-8")
    return config


async def test_webhooks_of_the_configuration_are_receivers(hooked: Path) -> None:
    async with run.open_house(run.read_plans(hooked)) as house, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(house.alerts.run())
        await asyncio.sleep(0.05)
        assert not running.done()
        running.cancel()


def test_an_address_that_cannot_be_taken_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match=r"console\.port"):
        bind("256.0.0.1", 80)


def test_logs_are_json_lines_whatever_is_in_them() -> None:
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
