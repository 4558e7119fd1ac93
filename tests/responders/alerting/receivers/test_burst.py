"""A hundred incidents within a minute, delivered to all platforms while some fail."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from core.clock import Clock
from core.localized import LocalizedText
from core.model.alerts import Alert
from core.runtime.bus import Bus
from core.taxonomy import Severity
from responders.alerting.manager import AlertManager
from responders.alerting.receivers.dingtalk import DINGTALK
from responders.alerting.receivers.feishu import FEISHU
from responders.alerting.receivers.robot import Robot, RobotPlatform, RobotSettings
from responders.alerting.receivers.slack import SLACK
from responders.alerting.receivers.wecom import WECOM
from storage.sqlite.store import SqliteStore
from tests.builders import alert
from tests.driven_clock import WATCHDOG_SECONDS, DrivenClock
from tests.responders.alerting.receivers.rigs.base import context
from tests.responders.alerting.receivers.rigs.dingtalk_rig import DingTalk
from tests.responders.alerting.receivers.rigs.feishu_rig import Feishu
from tests.responders.alerting.receivers.rigs.robot_server import SECRET, RobotServer
from tests.responders.alerting.receivers.rigs.slack_rig import Slack
from tests.responders.alerting.receivers.rigs.wecom_rig import WeCom

INCIDENTS = 100
PATIENCE = 1800.0
"""Seconds of the driven clock."""
LONG = "面包发霉了，孩子吃了以后上吐下泻，店长居然说是正常现象，大家千万不要再去这家店买了"


@dataclass
class StallingWeCom(WeCom):
    """Leaves each request unanswered for half a minute, and takes none, until it is well."""

    is_well: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        if not self.is_well:
            await self.clock.sleep(30)
            return web.Response(status=503)
        return await super().handle(request)


@dataclass
class WatchedDingTalk(DingTalk):
    """Notes when messages came; wrong signatures and too many of them are refused."""

    came: list[float] = field(default_factory=list)
    refused: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        self.came.append(self.clock.monotonic())
        return await super().handle(request)

    def busy(self) -> web.Response:
        self.refused += 1
        return super().busy()


APIS: dict[type[RobotServer], RobotPlatform] = {
    Feishu: FEISHU,
    Slack: SLACK,
    WeCom: WECOM,
    StallingWeCom: WECOM,
    WatchedDingTalk: DINGTALK,
}


def incident(number: int, clock: Clock) -> Alert:
    severity: Severity = "P1" if number == 57 else "P2"
    return replace(
        alert(f"incident:INC-{number}"),
        incident=f"INC-{number}",
        severity=severity,
        title=f"第{number:03}件：{LONG}",
        body="\n".join(f"{LONG}{line}" for line in range(12)),
        created_at=clock.now(),
        wordings=(LocalizedText(language="zh", title=f"第{number:03}件：{LONG}", body=LONG),),
    )


@dataclass
class BurstRig:
    """All platforms, and the manager that delivers to them."""

    clock: DrivenClock
    manager: AlertManager
    platforms: Sequence[RobotServer]

    async def raise_all(self, *, seconds: float) -> None:
        """One after another within ``seconds`` of the clock."""
        for number in range(INCIDENTS):
            await self.manager.raise_alert(incident(number, self.clock))
            await self.clock.advance(seconds / INCIDENTS, parties=self.parties)

    async def until_all_are_named(self, platform: RobotServer, *, seconds: float) -> None:
        await self.clock.until(
            lambda: named(platform) == INCIDENTS, parties=self.parties, seconds=seconds
        )

    @property
    def parties(self) -> int:
        """Tasks that sleep while nothing is going on: the manager, and one a receiver.

        Where a platform stalls its server sleeps in place of the receiver.
        """
        return 1 + len(self.platforms)


def named(platform: RobotServer) -> int:
    seen = "\n".join(platform.shown())
    return sum(f"第{number:03}件" in seen for number in range(INCIDENTS))


@asynccontextmanager
async def burst_rig(
    folder: Path, *kinds: type[RobotServer], secret: str = SECRET
) -> AsyncIterator[BurstRig]:
    clock = DrivenClock()
    async with AsyncExitStack() as stack:
        store = await SqliteStore.open(folder / "alerts.db", clock=clock)
        stack.push_async_callback(store.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        platforms = [kind(clock) for kind in kinds]
        robots = []
        for platform in platforms:
            await stack.enter_async_context(platform.serving())
            robots.append(
                Robot(
                    type(platform).__name__,
                    RobotSettings(url=SecretStr(platform.url), secret=SecretStr(secret)),
                    platform=APIS[type(platform)],
                    context=context(session, clock),
                    timeout=WATCHDOG_SECONDS,
                )
            )
        manager = AlertManager(
            store=store.alerts,
            receivers=robots,
            bus=Bus(),
            clock=clock,
            random=random.Random(7).random,
        )
        running = asyncio.create_task(manager.run())
        yield BurstRig(clock=clock, manager=manager, platforms=platforms)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_stalled_platform_delays_no_other(tmp_path: Path) -> None:
    async with burst_rig(tmp_path, StallingWeCom, WatchedDingTalk, Feishu, Slack) as rig:
        stalling, ding, feishu, slack = rig.platforms
        assert isinstance(stalling, StallingWeCom)
        await rig.raise_all(seconds=10)
        for platform in (ding, feishu, slack):
            await rig.until_all_are_named(platform, seconds=PATIENCE)
        assert stalling.taken == []
        stalling.is_well = True
        await rig.until_all_are_named(stalling, seconds=PATIENCE)


async def test_a_burst_keeps_to_the_rate_limit_and_arrives_whole(tmp_path: Path) -> None:
    async with burst_rig(tmp_path, WatchedDingTalk, WeCom) as rig:
        ding, wecom = rig.platforms
        assert isinstance(ding, WatchedDingTalk)
        await rig.raise_all(seconds=60)
        for platform in (ding, wecom):
            await rig.until_all_are_named(platform, seconds=PATIENCE)
    assert ding.refused == 0
    for at in ding.came:
        assert sum(at <= other < at + 60 for other in ding.came) <= 20
    assert len(ding.came) <= 30, "merged"
    gaps = [after - before for before, after in pairwise(ding.came)]
    assert max(gaps) <= 15, "what becomes grave meanwhile is not left waiting for the minute"
    for said in wecom.taken:
        markdown = said["markdown"]
        assert isinstance(markdown, dict)
        assert len(str(markdown["content"]).encode("utf-8")) <= 2048
        assert "\ufffd" not in json.dumps(said, ensure_ascii=False)


@pytest.mark.parametrize("kind", [Feishu, WatchedDingTalk])
async def test_a_wrong_signature_is_refused_by_the_platform(
    tmp_path: Path, kind: type[RobotServer]
) -> None:
    async with burst_rig(tmp_path, kind, secret="another secret") as one:
        await one.manager.raise_alert(incident(1, one.clock))
        await one.clock.advance(1, parties=one.parties)
        assert one.platforms[0].taken == []
