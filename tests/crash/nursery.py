"""Starts the command line again and again without paying for its imports each time.

One process has imported and read everything; each run is a fork of it, a process of its own that
is really killed. Requests and answers are lines of JSON: see ``Order`` and ``End``.

Usage: python -m tests.crash.nursery
"""

import json
import os
import sys
import time
from signal import SIGKILL
from typing import Final, TypedDict

LONGEST: Final = 120.0
"""Seconds after which a run that does not end is given up."""


class Order(TypedDict):
    """One run of the command line."""

    arguments: list[str]
    stop_at: str | None
    """As ``tests.crash.points.countdown`` takes it."""
    kill_after: float | None
    """Seconds until it is killed from outside."""
    log: str
    """A file for what it prints."""


class End(TypedDict):
    """The end of a run."""

    status: int
    """Exit status; negative for a signal."""
    seconds: float


def main() -> None:
    """Serve orders until the end of the input."""
    import motor.motor_asyncio  # noqa: F401 - so that no child has to

    import run
    import storage.mongo.store
    import tests.crash.points  # noqa: F401 - so that no child has to
    from cli.config import load_config

    load_config(run.EXAMPLE.config)
    print(json.dumps({"ready": storage.mongo.store.__name__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(serve(json.loads(line))), flush=True)


def serve(order: Order) -> End:
    """Fork, and wait for the end."""
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        become(order)
    deadline = started + (order["kill_after"] or LONGEST)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return End(status=os.waitstatus_to_exitcode(status), seconds=time.monotonic() - started)
        if time.monotonic() >= deadline:
            os.kill(child, SIGKILL)
            deadline = started + 2 * LONGEST
        time.sleep(0.001)


def become(order: Order) -> None:
    """Run the command line in this process, and end it."""
    import run
    from tests.crash import points

    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    empty = os.open(os.devnull, os.O_RDONLY)
    for stream, kind in ((empty, 0), (log, 1), (log, 2)):
        os.dup2(stream, kind)
    if order["stop_at"] is not None:
        points.stop_at(order["stop_at"])
    sys.argv = ["run.py", *order["arguments"]]
    status = 1
    try:
        run.main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
