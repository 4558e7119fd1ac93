"""Runs the engine, the scheduled jobs and the web server together, until one fails or Ctrl-C."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager, suppress

import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from starlette.applications import Starlette

from core.errors import ConfigError, Problem
from core.runtime.engine import Engine
from core.runtime.jobs import Job

log = logging.getLogger(__name__)


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free one. Raises ConfigError where that fails."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problem = Problem(
            key="console.port",
            message=f"不能监听 cannot listen on {host}:{port} ({reason})",
            remedy="请停掉占用它的程序，或换一个端口 Stop the process that listens there, "
            "or choose another port (--port).",
        )
        raise ConfigError((problem,)) from error


def web_address(host: str, listening: socket.socket) -> str:
    """The URL of what listens on ``host``."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}"


class ConsoleServer(uvicorn.Server):
    """A server that leaves signals to its caller; set ``should_exit`` to end it."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                ws="websockets-sansio",
                ws_max_size=1 << 20,
                timeout_graceful_shutdown=2,
                server_header=False,
            )
        )

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def run_all(
    console: Starlette,
    listening: socket.socket,
    *,
    engine: Engine,
    jobs: Sequence[Job],
    workers: Sequence[Callable[[], Coroutine[None, None, None]]],
    ready: Callable[[], None],
    until: Callable[[], Coroutine[None, None, None]] | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or the return of ``until``; the error of a part ends all of it.

    ``workers`` run beside the engine. ``ready`` is called once everything is started.
    """
    server, loop = ConsoleServer(console), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    scheduler = _scheduler(jobs)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    parts = [asyncio.create_task(part()) for part in (engine.run, *workers)]
    if until is not None:
        parts.append(asyncio.create_task(_stop_after(until, server)))
    scheduler.start()
    ready()
    try:
        await _wait_for_first_error(serving, parts)
    finally:
        scheduler.shutdown(wait=False)
        server.should_exit = True
        for part in parts:
            part.cancel()
        results = await asyncio.gather(serving, *parts, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _stop_after(
    until: Callable[[], Coroutine[None, None, None]], server: uvicorn.Server
) -> None:
    await until()
    server.should_exit = True


async def _wait_for_first_error(
    serving: asyncio.Task[None], parts: list[asyncio.Task[None]]
) -> None:
    """Wait until the server ends or a part raises; a part may return before."""
    running = {serving, *parts}
    while not serving.done():
        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        if any(not task.cancelled() and task.exception() for task in done):
            return


def _scheduler(jobs: Sequence[Job]) -> AsyncIOScheduler:
    scheduler = AsyncIOScheduler(timezone="UTC")
    for job in jobs:
        scheduler.add_job(
            _guarded(job),
            "interval",
            seconds=job.every.total_seconds(),
            name=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    return scheduler


def _guarded(job: Job) -> Callable[[], Coroutine[None, None, None]]:
    async def run() -> None:
        with suppress(asyncio.CancelledError):
            try:
                done = await job.do()
            except Exception:  # the next run tries again; other jobs are unaffected
                log.exception("a scheduled job failed", extra={"job": job.name})
                return
            if done:
                log.info("a scheduled job ran", extra={"job": job.name, "count": done})

    return run
