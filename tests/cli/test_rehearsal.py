"""A replay is a rehearsal: nobody is alerted, and the store that serves is as it was."""

import asyncio
import hashlib
import json
import os
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from core.clock import SystemClock
from core.model.mentions import MentionFilter
from storage.encryption import new_key
from storage.factory import AnyStore, open_store
from tests.cli.invoking import commands
from tests.cli.running import ROOT
from tests.cli.test_replay import line
from tests.driven_clock import WATCHDOG_SECONDS

pytestmark = pytest.mark.process

ILL: Final = "吃了禾家超市的熟食食物中毒，孩子上吐下泻送医院抢救"
HOOK: Final = """
[[alerts.webhooks]]
url = "{url}"
secret = "a secret of enough length"
"""
ROBOTS: Final = """
[[alerts.receivers]]
type = "slack"
url = "{url}"

[[alerts.receivers]]
type = "feishu"
url = "{url}"
"""
ON_CALL: Final = """
[[alerts.webhooks]]
name = "night"
url = "{url}"
secret = "a secret of enough length"

[[alerts.on_call]]
receivers = ["night"]
"""


class Asked(BaseHTTPRequestHandler):
    """Records that it was asked."""

    paths: list[str]

    def do_POST(self) -> None:
        self.paths.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"ok": true, "code": 0}')

    do_HEAD = do_GET = do_POST  # noqa: N815 - as inherited

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Nothing is logged."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[str]]]:
    """A receiver of alerts: its URL, and the paths that were asked for."""
    paths: list[str] = []
    handler = type("Handler", (Asked,), {"paths": paths})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", paths
    server.shutdown()
    server.server_close()


@pytest.fixture
def crisis(config: Path) -> Path:
    feed = config.parent / "old.jsonl"
    lines = [line(n, f"{ILL}{'！' * n}", posted_at=f"2026-03-04T02:{n:02}:00Z") for n in range(12)]
    lines.append(line(99, "面包发霉了，要退款", kind="message", conversation="c"))
    feed.write_bytes(b"\n".join(lines))
    return feed


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(commands(), [str(one) for one in arguments])


def add(config: Path, text: str) -> None:
    config.write_text(f"{config.read_text('utf-8')}\n{text}", "utf-8")


def played(config: Path, feed: Path, *more: str | Path) -> dict[str, object]:
    out = config.parent / "report.json"
    done = call("replay", feed, "--config", config, "--report", out, *more)
    assert done.exit_code == 0, (done.output, done.exception)
    report: dict[str, object] = json.loads(out.read_text("utf-8"))
    return report


def state(folder: Path) -> dict[str, str]:
    """Every file of a folder by its contents."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.glob("*"))
    }


@pytest.mark.parametrize("receivers", [HOOK, ROBOTS, ON_CALL, ROBOTS + HOOK])
def test_nobody_is_alerted_and_nothing_is_left(
    config: Path, crisis: Path, receivers: str, receiver: tuple[str, list[str]]
) -> None:
    url, asked = receiver
    add(config, receivers.format(url=url))
    report = played(config, crisis)
    assert report["alerts"], "the rehearsal tells what would have been alerted"
    assert report["tickets"]
    assert asked == []
    assert not (config.parent / "data").exists()


@pytest.mark.parametrize(
    ("receivers", "names"),
    [(ROBOTS + HOOK, ("slack-0", "feishu-1", "webhook-0")), (ON_CALL, ("night",))],
)
async def test_a_rehearsal_that_goes_on_for_long_notifies_nobody(
    config: Path,
    crisis: Path,
    receivers: str,
    names: tuple[str, ...],
    receiver: tuple[str, list[str]],
) -> None:
    """Nothing is on its way to a receiver by the time at which staff would have been notified."""
    url, asked = receiver
    add(config, receivers.format(url=url))
    kept = config.parent / "kept.db"
    with crisis.open("ab") as feed:
        feed.write(b"\n" + line(100, "禾家的面包真香", posted_at="2026-03-09T02:00:00Z"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "run.py", "replay", str(crisis), "--config", str(config)),
        *("--into", str(kept), "--speed", "600"),
        cwd=ROOT,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    store = await open_store(f"sqlite:{kept}", clock=SystemClock())
    try:
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while not any(one.notices for one in await store.alerts.recent()):
                assert process.returncode is None
                await asyncio.sleep(0.05)
        later = SystemClock().now() + timedelta(days=1)
        assert [name for name in names if await store.alerts.claim(name, 9, later)] == []
        assert asked == []
    finally:
        await store.close()
        process.kill()
        await process.wait()


@pytest.mark.parametrize("key", [None, new_key()], ids=["plain", "encrypted"])
def test_a_store_that_serves_is_as_it_was(
    config: Path, crisis: Path, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key is not None:
        monkeypatch.setenv("TINGFENG_KEY", key)
    quiet = config.parent / "quiet.jsonl"
    quiet.write_bytes(line(1, "禾家的面包真香"))
    played(config, quiet, "--live")
    before = state(config.parent / "data")
    played(config, crisis)
    played(config, crisis, "--into", config.parent / "rehearsal.db")
    assert state(config.parent / "data") == before


@pytest.mark.parametrize(
    "url", ["mongodb://127.0.0.1:9/none", "sqlite:/proc/none/tingfeng.db", "sqlite:old.jsonl"]
)
def test_the_configured_store_is_not_even_opened(config: Path, crisis: Path, url: str) -> None:
    """One that does not answer, one that cannot be made, one that is no store."""
    add(config, f'[store]\nurl = "{url}"')
    assert played(config, crisis)["events_in"] == 13
    assert call("replay", crisis, "--config", config, "--live").exit_code != 0


def test_a_rehearsal_can_be_kept_and_goes_on(config: Path, crisis: Path) -> None:
    kept = config.parent / "kept" / "rehearsal.db"
    first = played(config, crisis, "--into", kept)
    second = played(config, crisis, "--into", kept)
    assert first["done"] == 13
    assert (second["done"], second["dropped"]) == (0, {"duplicate": 13})
    assert played(config, crisis)["done"] == 13, "without it each begins anew"


@pytest.mark.parametrize("spelling", ["data/tingfeng.db", "data/../data/tingfeng.db"])
def test_the_store_that_serves_is_no_place_for_a_rehearsal(
    config: Path, crisis: Path, spelling: str
) -> None:
    done = call("replay", crisis, "--config", config, "--into", config.parent / spelling)
    assert "--live" in str(done.exception)
    assert not (config.parent / "data").exists()


def test_live_and_into_contradict_each_other(config: Path, crisis: Path) -> None:
    more = ("--live", "--into", config.parent / "x.db")
    assert "--into" in str(call("replay", crisis, "--config", config, *more).exception)


def test_it_is_said_what_was_touched(config: Path, crisis: Path) -> None:
    assert "nobody was alerted" in call("replay", crisis, "--config", config).output
    kept = call("replay", crisis, "--config", config, "--into", config.parent / "kept.db").output
    assert "kept.db" in kept.replace("\n", "")
    assert "store that serves" in call("replay", crisis, "--config", config, "--live").output


async def _serve(config: Path, until: float = 6.0) -> None:
    """Serve for a while, as the service does that starts after a replay."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "run.py", "serve", "--config", str(config)),
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "400"},
        stdout=PIPE,
        stderr=PIPE,
    )
    await asyncio.sleep(until)
    assert process.returncode is None
    process.terminate()
    await process.communicate()


async def _opened(config: Path) -> AnyStore:
    path = config.parent / "data" / "tingfeng.db"
    return await open_store(f"sqlite:{path}", clock=SystemClock())


async def test_the_service_that_starts_next_knows_nothing_of_it(
    config: Path, crisis: Path, receiver: tuple[str, list[str]]
) -> None:
    url, asked = receiver
    add(config, HOOK.format(url=url))
    await asyncio.to_thread(played, config, crisis)
    await _serve(config)
    assert asked == []
    store = await _opened(config)
    try:
        assert (await store.events.counts()).received == 0
        assert await store.alerts.recent(limit=9) == []
        assert await store.incidents.find() == []
        assert await store.pauses.all() == []
        assert (await store.mentions.find(MentionFilter())).mentions == ()
    finally:
        await store.close()
