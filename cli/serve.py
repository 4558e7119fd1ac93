"""Runs the engine, the schedule and the web server together, until one ends or Ctrl-C."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from starlette.applications import Starlette

from console.server import Server
from core.engine import Engine
from core.jobs import Job

log = logging.getLogger(__name__)


async def run_all(
    app: Starlette,
    listening: socket.socket,
    *,
    engine: Engine,
    duties: Sequence[Job],
    workers: Sequence[Callable[[], Coroutine[None, None, None]]],
    ready: Callable[[], None],
    lasts: Callable[[], Coroutine[None, None, None]] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; a part that fails ends all of it with its error.

    ``workers`` run beside the engine; ``ready`` is called once all is started. Where ``lasts`` is
    given, its return ends everything, too.
    """
    server, loop = Server(app), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    schedule = _schedule(duties)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    parts = [asyncio.create_task(part()) for part in (engine.run, *workers)]
    if lasts is not None:
        parts.append(asyncio.create_task(_end_after(lasts, server)))
    schedule.start()
    ready()
    try:
        await _until_one_fails(serving, parts)
    finally:
        schedule.shutdown(wait=False)
        server.should_exit = True
        for part in parts:
            part.cancel()
        results = await asyncio.gather(serving, *parts, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _end_after(lasts: Callable[[], Coroutine[None, None, None]], server: Server) -> None:
    await lasts()
    server.should_exit = True


async def _until_one_fails(serving: asyncio.Task[None], parts: list[asyncio.Task[None]]) -> None:
    """Until the server has ended or a part raised; a part may end by itself."""
    running = {serving, *parts}
    while not serving.done():
        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        if any(not task.cancelled() and task.exception() for task in done):
            return


def _schedule(duties: Sequence[Job]) -> AsyncIOScheduler:
    schedule = AsyncIOScheduler(timezone="UTC")
    for duty in duties:
        schedule.add_job(
            _guarded(duty),
            "interval",
            seconds=duty.every.total_seconds(),
            name=duty.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    return schedule


def _guarded(duty: Job) -> Callable[[], Coroutine[None, None, None]]:
    async def run() -> None:
        with suppress(asyncio.CancelledError):
            try:
                done = await duty.do()
            except Exception:  # the next turn tries again; the others are not concerned
                log.exception("a duty failed", extra={"duty": duty.name})
                return
            if done:
                log.info("a duty was done", extra={"duty": duty.name, "count": done})

    return run
