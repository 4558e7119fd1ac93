"""Kills the command line at every named point and at random moments, and counts the harm.

Usage: python -m benchmarks.crash_matrix [--store sqlite|mongodb] [--times N] [--random N]
       [--points NAME ...]

Prints a Markdown table. ``mongodb`` is the stand-in over TCP, or the server of ``MONGO_URI``; the
process ends with status 1 where anything that was promised is broken.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.contracts.mongo_server import server
from tests.crash.harness import CrashSite, nursery
from tests.crash.matrix import Row, at_point, at_random, together
from tests.crash.points import NAMES

AT_ONCE = 50
"""Random kills of one site; its feed grows with each."""
HEADS = (
    *("point", "kills", "events", "events lost", "double replies", "replies missing"),
    *("double tickets", "tickets missing", "in doubt", "settled", "alerts missing"),
    "doctor",
)


@contextmanager
def database(store: str, folder: Path) -> Iterator[str | None]:
    """The address of a server; ``None`` for SQLite."""
    if store == "sqlite":
        yield None
    elif os.environ.get("MONGO_URI"):
        yield os.environ["MONGO_URI"].rstrip("/")
    else:
        (folder / "server").mkdir()
        with server(folder / "server") as address:
            yield address


def line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def show(row: Row) -> None:
    print(
        line(
            (
                *(row.point, row.kills, row.events, row.lost, row.double_replies),
                *(row.missing_replies, row.double_tickets, row.missing_tickets, row.in_doubt),
                *(row.in_doubt - row.in_doubt_open, row.alerts_missing, row.findings),
            )
        ),
        flush=True,
    )


async def main(store: str, points: Sequence[str], times: int, at_will: int, seed: int) -> int:
    """All kills, one site after the other; returns how often a promise was broken."""
    harm = 0
    print(line(HEADS))
    print(line(["---", *["---:"] * (len(HEADS) - 1)]))
    with tempfile.TemporaryDirectory() as temporary, nursery() as runs:
        folder = Path(temporary)
        with database(store, folder) as address:

            def site(name: str) -> CrashSite:
                url = None if address is None else f"{address}/k{uuid.uuid4().hex}"
                return CrashSite(folder / name / "site", runs, url=url)

            for point in points:
                row = await at_point(point, times, site(point), runs, folder / point)
                show(row)
                harm += row.harm
            rows = []
            for start in range(0, at_will, AT_ONCE):
                kills, name = min(AT_ONCE, at_will - start), f"random {start}"
                rows.append(
                    await at_random(kills, site(name), runs, folder / name, seed=seed + start)
                )
            if rows:
                row = together(rows)
                show(row)
                harm += row.harm
    return harm


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "mongodb"), default="sqlite")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--random", type=int, default=200)
    parser.add_argument("--points", nargs="*", choices=NAMES, default=list(NAMES))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    broken = asyncio.run(main(given.store, given.points, given.times, given.random, given.seed))
    sys.exit(1 if broken else 0)
