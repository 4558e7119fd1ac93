"""Takes the pictures of the README: inbox, crisis board and an incident, in both languages.

    python -m benchmarks.screenshots [FOLDER]

Serves the example with an hour of posts of today, played sixty times as fast, and photographs the
console in Chromium once all is played. Takes about two minutes; writes into ``docs/pictures``.
"""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from playwright.async_api import async_playwright

from examples.supermarket.live import write_drill
from tests.browser.conftest import ARGUMENTS, chromium

ROOT: Final = Path(__file__).resolve().parent.parent
EXAMPLE: Final = ROOT / "examples" / "supermarket"
PICTURES: Final = ROOT / "docs" / "pictures"
LOCALES: Final[Mapping[str, str]] = {"zh": "zh-CN", "en": "en-US"}
SEARCHED: Final[Mapping[str, str]] = {"zh": "发霉", "en": "mould"}
"""In the inbox."""
WIDTH: Final = 1200
SPEED: Final = 60.0
PATIENCE_SECONDS: Final = 300.0
MOST_BYTES: Final = 400_000


def configuration(folder: Path, feed: Path, speed: float | str) -> Path:
    """Write the example's configuration with ``feed`` in place of its own; returns the file."""
    text = (EXAMPLE / "tingfeng.toml").read_text("utf-8")
    text = text.replace('folder = "knowledge"', f'folder = "{EXAMPLE / "knowledge"}"')
    text = text.replace('file = "playbook.toml"', f'file = "{EXAMPLE / "playbook.toml"}"')
    text = text.replace('name = "feed"', f'name = "{feed.stem}"')
    text = text.replace('file = "feed.jsonl"', f'file = "{feed}"')
    text = text.replace("speed = 1.0", f"speed = {json.dumps(speed)}")
    file = folder / f"{feed.stem}.toml"
    file.write_text(text, "utf-8")
    return file


def answer(url: str) -> Any:
    """The JSON that the address answers with."""
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - on the loopback
        return json.load(response)


def address(log: Path) -> str | None:
    """The address that the process prints in its log."""
    found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text("utf-8"))
    return found and found[0]


def is_played(url: str) -> bool:
    """True once the feed has ended and every event of it is handled."""
    try:
        feeds = [each["status"] for each in answer(f"{url}/api/health")["connectors"]]
        return "finished" in feeds and not answer(f"{url}/api/figures")["counts"]["pending"]
    except OSError:
        return False


@contextmanager
def serving(config: Path) -> Iterator[str]:
    """The real process; yields its address once all is played."""
    command = [sys.executable, "run.py", "serve", "--config", str(config), "--port", "0"]
    log = config.with_suffix(".log")
    with log.open("wb") as written, subprocess.Popen(command, cwd=ROOT, stderr=written) as process:
        try:
            end = time.monotonic() + PATIENCE_SECONDS
            while (url := address(log)) is None or not is_played(url):
                if process.poll() is not None or time.monotonic() > end:
                    said = log.read_text("utf-8")[-2000:]
                    raise SystemExit(f"The example was not played:\n{said}")
                time.sleep(1)
            yield url
        finally:
            process.terminate()


async def photograph(url: str, folder: Path) -> None:
    """Take each picture in each language."""
    gravest = min(answer(f"{url}/api/incidents")["incidents"], key=lambda one: one["severity"])
    path = chromium()
    if path is None:
        raise SystemExit("Chromium is missing: install it, or name it in TINGFENG_CHROMIUM")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        for language, locale in LOCALES.items():
            context = await browser.new_context(
                locale=locale,
                timezone_id="Asia/Shanghai",
                color_scheme="light",
                reduced_motion="reduce",
            )
            pages = (
                ("inbox", f"/?text={quote(SEARCHED[language])}", 760),
                ("board", "/incidents", 680),
                ("incident", f"/incidents/{gravest['id']}", 1240),
            )
            for name, where, height in pages:
                page = await context.new_page()
                await page.set_viewport_size({"width": WIDTH, "height": height})
                await page.goto(url + where)
                await page.locator("#live-state[data-state=on]").wait_for()
                await page.wait_for_timeout(1500)  # charts are drawn after the page
                file = folder / f"{name}.{language}.png"
                await page.screenshot(path=file)
                size = file.stat().st_size
                print(f"{file.name}: {size:,} bytes")
                if size > MOST_BYTES:
                    raise SystemExit(f"{file.name} is larger than {MOST_BYTES:,} bytes")
            await context.close()
        await browser.close()


def main() -> None:
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        past, hour = write_drill(folder, datetime.now(UTC), SPEED)
        with serving(configuration(folder, past, "max")):
            print("the days before are known")
        with serving(configuration(folder, hour, SPEED)) as url:
            asyncio.run(photograph(url, pictures))


if __name__ == "__main__":
    main()
