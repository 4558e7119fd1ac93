"""A brand in a folder whose replay is started and killed again and again."""

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Final, cast

from pymongo import MongoClient

from storage.factory import sqlite_path
from tests.crash.nursery import End, Order

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples" / "supermarket"
START: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ANGRY: Final = 10
ASKING: Final = 4
COMPLAINING: Final = 3
PER_ROUND: Final = ANGRY + ASKING + COMPLAINING


class Nursery:
    """The process whose forks are started and killed: see ``tests.crash.nursery``."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Use ``nursery``."""
        self._process = process

    def run(self, order: Order) -> End:
        """One run; returns when it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return cast("End", json.loads(self._process.stdout.readline()))


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Start the process, and end it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.nursery"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        try:
            yield Nursery(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


class CrashSite:
    """Feed, store and ledger of one brand; each round adds events, each run may be killed."""

    def __init__(self, folder: Path, runs: Nursery, *, url: str | None = None) -> None:
        """``url``: where the store is; a file in ``folder`` if none is given."""
        folder.mkdir(parents=True, exist_ok=True)
        self._runs = runs
        self._folder = folder
        self.url = url or f"sqlite:{folder / 'store.db'}"
        self.config = folder / "tingfeng.toml"
        self.ledger = folder / "replies.jsonl"
        self.feed = folder / "feed.jsonl"
        self.rounds = 0
        self.messages: set[str] = set()
        """Conversations that are owed one reply each."""
        self.complaints: set[str] = set()
        """Conversations that are owed one ticket each."""
        self.events = 0
        self.in_doubt = 0
        """Replies that kills left between being claimed and being confirmed."""
        self.config.write_text(
            "\n".join(
                (
                    "[[brands]]",
                    'id = "hejia"',
                    'name = "禾家超市"',
                    'terms = ["禾家"]',
                    "[[channels]]",
                    'name = "webchat"',
                    'type = "webchat"',
                    "[store]",
                    f'url = "{self.url}"',
                    "[knowledge]",
                    f'folder = "{EXAMPLE / "knowledge"}"',
                    "[playbook]",
                    f'file = "{EXAMPLE / "playbook.toml"}"',
                )
            ),
            encoding="utf-8",
        )

    def add_round(self, *, crowd: bool) -> None:
        """Questions and complaints to the shop; with a ``crowd`` of angry posts, an alert too."""
        at = START + timedelta(days=3 * self.rounds)
        with self.feed.open("a", encoding="utf-8") as feed:
            for number in range(0 if crowd else ANGRY, PER_ROUND):
                self.events += 1
                name = f"r{self.rounds}-{number}"
                message = number >= ANGRY
                asks = ANGRY <= number < ANGRY + ASKING
                text = (
                    "你们几点关门" if asks else f"禾家超市买的面包发霉了，太恶心了，要求退款 {name}"
                )
                event = {
                    "channel": "weibo",
                    "id": name,
                    "kind": "message" if message else "post",
                    "author": {"id": f"author-{name}"},
                    "text": text,
                    "posted_at": (at + timedelta(minutes=number)).isoformat(),
                    "conversation": f"talk-{name}",
                }
                feed.write(json.dumps(event, ensure_ascii=False) + "\n")
                if message:
                    self.messages.add(f"talk-{name}")
                if not asks:
                    self.complaints.add(f"talk-{name}")
        self.rounds += 1

    def run(self, stop_at: str | None = None, *, kill_after: float | None = None) -> bool:
        """Replay the feed; True where the process was killed, False where it came to its end."""
        log = self._folder / "log"
        order = Order(
            arguments=[
                *("replay", str(self.feed), "--live"),
                *("--config", str(self.config)),
                *("--replies", str(self.ledger)),
            ],
            stop_at=stop_at,
            kill_after=kill_after,
            log=str(log),
        )
        end = self._runs.run(order)
        assert end["status"] in (0, -SIGKILL), log.read_text(encoding="utf-8", errors="replace")
        killed = end["status"] != 0
        if killed:
            self.in_doubt += self._being_sent()
        return killed

    def _being_sent(self) -> int:
        """Number of replies at ``sending`` whose process is dead."""
        path = sqlite_path(self.url)
        if path is None:
            with MongoClient[dict[str, object]](self.url) as client:
                return client.get_default_database()["replies"].count_documents(
                    {"state": "sending"}
                )
        if not path.exists():
            return 0
        with contextlib.closing(sqlite3.connect(path)) as db:
            try:
                return int(
                    db.execute("SELECT count(*) FROM replies WHERE state = 'sending'").fetchone()[0]
                )
            except sqlite3.OperationalError:  # killed before there were tables
                return 0

    def replies(self) -> list[dict[str, str]]:
        """Texts that the platform has taken, in order."""
        if not self.ledger.exists():
            return []
        return [json.loads(line) for line in self.ledger.read_bytes().splitlines()]
