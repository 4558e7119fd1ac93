"""The code that one Telegram question passes through, from its arrival to its answer.

    python benchmarks/question_path.py              five questions, the medians as JSON
    python benchmarks/question_path.py --list       also names the files, functions and writes

The whole application runs on SQLite against a loopback server that speaks the Bot API, with the
example's playbook and knowledge base. A shopper who has written once asks a second question. From
the moment that it waits at the server until its reply is stored as sent, and a tenth of a second
longer, every call in every thread is noted. ``functions`` and ``files`` are distinct ones of
Tingfeng's own packages (lambdas are counted apart, comprehensions not at all), ``writes`` pieces of
work handed to the store's writer, each a transaction of its own to its caller, and ``encodes``
records turned into their stored form.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cli.config import load_config
from cli.wiring import App, open_app
from core.model.outbox import Reply, ReplyState
from storage import encoding
from storage.sqlite.engine.writer import Writer
from tests.connectors.telegram.server import TOKEN, TelegramServer, telegram_server

PACKAGES: Final = tuple(
    f"{ROOT / name}/"
    for name in ("cli", "connectors", "core", "listeners", "moderation", "responders", "storage")
)
QUESTIONS: Final = ("你们几点关门？", "你们可以用支付宝付款吗？")
"""A first question, whose path is not measured, and the second one."""
ANSWERS_WITHIN: Final = 30.0
AFTERMATH: Final = 0.1
"""Seconds of work after the answer, such as a look for further replies, that count as its path."""
BETWEEN: Final = 1.1
"""Seconds between two messages to one chat, which Telegram's limits ask for."""

CONFIG: Final = """
[[brands]]
id = "hejia"
name = "禾家超市"
terms = ["禾家", "禾家超市"]

[store]
url = "sqlite:{folder}/store.db"

[knowledge]
folder = "{root}/examples/supermarket/knowledge"

[playbook]
file = "{root}/examples/supermarket/playbook.toml"

[[channels]]
name = "telegram"
type = "telegram"
token = "{token}"
base_url = "{url}"
poll_seconds = 1
"""


@dataclass(kw_only=True)
class QuestionPath:
    """Calls that were made while one question was answered."""

    calls: Counter[CodeType] = field(default_factory=Counter)
    writes: list[str] = field(default_factory=list)
    """Qualified name of each piece of work, in order."""
    encodes: list[str] = field(default_factory=list)
    """Type of each encoded record, in order."""

    def note(self, frame: FrameType) -> None:
        """Count a call, if it is one of Tingfeng's own functions."""
        code = frame.f_code
        if not code.co_filename.startswith(PACKAGES):
            return
        self.calls[code] += 1
        if code is _WRITE:
            self.writes.append(frame.f_locals["job"].work.__qualname__)
        elif code is _ENCODE:
            self.encodes.append(type(frame.f_locals["value"]).__name__)

    @property
    def files(self) -> set[str]:
        return {_file(code) for code in self.calls}

    def functions(self, *, lambdas: bool = False) -> set[tuple[str, str]]:
        """File and qualified name of each function, or of each lambda."""
        return {
            (_file(code), code.co_qualname)
            for code in self.calls
            if (code.co_name == "<lambda>" if lambdas else not code.co_name.startswith("<"))
        }

    def figures(self) -> dict[str, int]:
        return {
            "functions": len(self.functions()),
            "lambdas": len(self.functions(lambdas=True)),
            "files": len(self.files),
            "calls": self.calls.total(),
            "writes": len(self.writes),
            "encodes": len(self.encodes),
        }


_WRITE: Final = Writer._do_one.__code__  # noqa: SLF001 - one call for each piece of work
_ENCODE: Final = encoding.dump.__code__


def _file(code: CodeType) -> str:
    return str(Path(code.co_filename).relative_to(ROOT))


@asynccontextmanager
async def running_app(folder: Path, server: TelegramServer) -> AsyncIterator[App]:
    """The application of ``CONFIG`` at work."""
    file = folder / "config.toml"
    file.write_text(
        CONFIG.format(folder=folder, root=ROOT, token=TOKEN, url=server.url), encoding="utf-8"
    )
    async with open_app(load_config(file)) as app:
        task = asyncio.create_task(app.engine.run())
        try:
            yield app
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class Profiler:
    """Notes calls in every thread that starts while it is installed."""

    def __init__(self) -> None:
        self.path: QuestionPath | None = None

    def __enter__(self) -> Self:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        if self.path is not None and event == "call":
            self.path.note(frame)


async def answer(
    app: App, server: TelegramServer, text: str, chat: int, profiler: Profiler
) -> QuestionPath:
    """Have one question answered; the path from its arrival until its reply is stored as sent."""
    changes = app.bus.subscribe()
    path = profiler.path = QuestionPath()
    server.say(text, chat=chat)
    async with asyncio.timeout(ANSWERS_WITHIN):
        async for change in changes:
            if isinstance(change, Reply) and change.state is ReplyState.SENT:
                break
        await asyncio.sleep(AFTERMATH)
    profiler.path = None
    changes.close()
    return path


async def measure(shoppers: int, folder: Path) -> list[QuestionPath]:
    """The paths of the second question of each of so many shoppers."""
    paths: list[QuestionPath] = []
    with Profiler() as profiler:
        async with telegram_server() as server, running_app(folder, server) as app:
            await answer(app, server, QUESTIONS[1], shoppers + 1, profiler)  # fills every cache
            for chat in range(1, shoppers + 1):
                await answer(app, server, QUESTIONS[0], chat, profiler)
                await asyncio.sleep(BETWEEN)
                paths.append(await answer(app, server, QUESTIONS[1], chat, profiler))
    return paths


def medians(paths: list[QuestionPath]) -> dict[str, int]:
    """The median of each figure."""
    each = [path.figures() for path in paths]
    return {name: statistics.median_low(one[name] for one in each) for name in each[0]}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--shoppers", type=int, default=5)
    parser.add_argument("--list", action="store_true", help="name what was counted")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = asyncio.run(measure(asked.shoppers, Path(folder)))
    if asked.list:
        last = paths[-1]
        for name, qualified in sorted(last.functions() | last.functions(lambdas=True)):
            print(f"{name}: {qualified}")
        print("writes:", *last.writes, sep="\n  ")
        print("encodes:", *last.encodes, sep="\n  ")
    print(json.dumps(medians(paths)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
