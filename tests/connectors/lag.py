"""Measures how late the loop is while one platform hangs and another is busy."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from connectors.reddit.connector import Reddit
from connectors.reddit.settings import RedditSettings
from connectors.telegram.connector import Telegram
from connectors.telegram.settings import TelegramSettings
from core.clock import SystemClock
from core.model.outbox import Target
from tests.connectors.reddit.server import ID, PASSWORD, SECRET, USER, Trouble, reddit_server
from tests.connectors.support import ConnectorKit, running
from tests.connectors.telegram.server import TOKEN, TelegramServer, telegram_server

_TICK = 0.005


@dataclass(frozen=True, kw_only=True)
class LoopLag:
    """Milliseconds by which a timer was late, and what was done meanwhile."""

    alone: float
    """The 99th percentile before Reddit was started."""
    p50: float
    p99: float
    worst: float
    stored: int
    answered: int
    hung: int
    """Requests that Reddit's server took and did not answer."""

    def as_dict(self) -> dict[str, float]:
        return {
            "alone_p99_ms": round(self.alone, 2),
            "lag_p50_ms": round(self.p50, 2),
            "lag_p99_ms": round(self.p99, 2),
            "lag_max_ms": round(self.worst, 2),
            "stored": self.stored,
            "answered": self.answered,
            "hung": self.hung,
        }


async def measured(folder: Path, answers: int) -> LoopLag:
    """Let Reddit hang while Telegram, in the same loop, takes and answers so many messages."""
    kit = ConnectorKit(folder=folder, clock=SystemClock())
    async with reddit_server() as silent, telegram_server() as busy:
        silent.trouble("api/v1/me", *[Trouble(how="hang")] * 100)
        reddit = Reddit(
            name="reddit",
            settings=RedditSettings.model_validate(
                {
                    "client_id": ID,
                    "client_secret": SECRET,
                    "username": USER,
                    "password": PASSWORD,
                    "base_url": silent.url,
                    "subreddits": ["shop"],
                    "timeout_seconds": 120,
                }
            ),
            context=kit.context,
        )
        telegram = Telegram(
            name="tg",
            settings=TelegramSettings.model_validate({"token": TOKEN, "base_url": busy.url}),
            context=kit.context,
        )
        async with running(telegram, kit.intake):
            alone = await _lags(telegram, busy, kit, min(80, answers))
            async with running(reddit, kit.intake):
                while not silent.asked("api/v1/me"):
                    await asyncio.sleep(_TICK)
                lags = await _lags(telegram, busy, kit, answers)
                silent.stopping.set()
        return LoopLag(
            alone=1000 * alone[len(alone) * 99 // 100],
            p50=1000 * lags[len(lags) // 2],
            p99=1000 * lags[len(lags) * 99 // 100],
            worst=1000 * lags[-1],
            stored=len(kit.intake.events),
            answered=len(busy.texts),
            hung=len(silent.asked("api/v1/me")),
        )


async def _lags(
    telegram: Telegram, server: TelegramServer, kit: ConnectorKit, answers: int
) -> list[float]:
    """By how many seconds a timer was late while shoppers write and are answered; sorted."""
    lags: list[float] = []
    watch = asyncio.create_task(_watch(lags))
    for _ in range(answers):
        stored = len(kit.intake.events)
        chat = 1000 + stored
        server.say("几点关门", chat=chat)
        await kit.intake.until(stored + 1)
        target = Target(channel="tg", conversation=str(chat), author=str(chat))
        await telegram.send(target, "22 点", f"k{stored}")
        await asyncio.sleep(0.02)
    watch.cancel()
    return sorted(lags)


async def _watch(lags: list[float]) -> None:
    while True:
        due = time.perf_counter() + _TICK
        await asyncio.sleep(_TICK)
        lags.append(time.perf_counter() - due)
