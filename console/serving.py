"""Runs the engine, the schedule and the web server together, until one ends or Ctrl-C."""

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from starlette.applications import Starlette

from console.server import serve_http
from core.duty import Duty
from core.engine import Engine

log = logging.getLogger(__name__)


async def run_all(
    app: Starlette,
    listening: socket.socket,
    *,
    engine: Engine,
    duties: Sequence[Duty],
    workers: Sequence[Callable[[], Coroutine[None, None, None]]],
    ready: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM; a part that fails ends all of it with its error.

    ``workers`` run beside the engine for ever; ``ready`` is called once all is started.
    """
    schedule = _schedule(duties)
    parts = [asyncio.create_task(part()) for part in (engine.run, *workers)]
    serving = asyncio.create_task(serve_http(app, listening))
    schedule.start()
    ready()
    try:
        await asyncio.wait({serving, *parts}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        schedule.shutdown(wait=False)
        for part in (*parts, serving):
            if part is not serving or not part.done():
                part.cancel()
        results = await asyncio.gather(*parts, serving, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def _schedule(duties: Sequence[Duty]) -> AsyncIOScheduler:
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


def _guarded(duty: Duty) -> Callable[[], Coroutine[None, None, None]]:
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
