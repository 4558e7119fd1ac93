"""A brand in a folder whose replay is started and killed again and again."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Final

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples" / "supermarket"
START: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ANGRY: Final = 10
ASKING: Final = 4
COMPLAINING: Final = 3
PER_ROUND: Final = ANGRY + ASKING + COMPLAINING


class CrashSite:
    """Feed, store and ledger of one brand; each round adds events, each run may be killed."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "tingfeng.toml"
        self.store = folder / "store.db"
        self.ledger = folder / "replies.jsonl"
        self.feed = folder / "feed.jsonl"
        self.rounds = 0
        self.messages: set[str] = set()
        """Conversations that are owed one reply each."""
        self.complaints = 0
        self.events = 0
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
                    f'url = "sqlite:{self.store}"',
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
                self.complaints += not asks
        self.rounds += 1

    def run(self, stop_at: str | None) -> bool:
        """Replay the feed; True where the process was killed at the point, False at its end."""
        environment = dict(os.environ)
        if stop_at is not None:
            environment["TINGFENG_STOP_AT"] = stop_at
        done = subprocess.run(
            [
                sys.executable,
                "run.py",
                "replay",
                str(self.feed),
                "--config",
                str(self.config),
                "--replies",
                str(self.ledger),
            ],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode in (0, -SIGKILL), done.stderr
        return done.returncode != 0

    def replies(self) -> list[dict[str, str]]:
        """What the platform has taken, in order."""
        return [json.loads(line) for line in self.ledger.read_bytes().splitlines()]
