"""Robots keep the limits of their platforms and are built from the configuration."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest
from pydantic import SecretStr

from core.clock import ManualClock
from core.errors import ConfigError
from core.settings import Settings
from responders.alerting.receiver import Merges, Paced
from responders.alerting.receivers.factory import DIALECTS, build_receivers, without_receivers
from responders.alerting.receivers.robot import Robot
from responders.templates import shipped_catalogue
from tests.builders import START, alert
from tests.responders.alerting.receivers.platforms import (
    SECRET,
    Feishu,
    Slack,
    serving,
)
from tests.responders.alerting.receivers.robot_rig import Rig, open_rig, style


@pytest.fixture(params=list(DIALECTS))
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with open_rig(request.param) as made:
        yield made


async def test_the_limit_is_kept_and_what_waits_is_merged(rig: Rig) -> None:
    robot, platform = rig.robot, rig.platform
    assert isinstance(robot, Merges)
    assert isinstance(robot, Paced)
    sent, waits = 0, [0.0]
    while rig.clock.now() < START + timedelta(seconds=60):
        if robot.ready_in() == 0:
            await robot.deliver(alert(f"a{sent}"))
            sent += 1
        waits.append(robot.ready_in())
        await rig.clock.advance(0.1)
    most = platform.most * 60 / platform.seconds
    assert 0.8 * most <= sent <= most
    assert len(platform.taken) == sent, "none was refused"
    assert max(waits) <= 0.1 * 60, "what is grave never waits for the minute to end"
    await rig.clock.advance(60)
    assert robot.ready_in() == 0
    many = [replace(alert(f"b{n}"), title=f"第{n:03}件事" + "很长" * 40) for n in range(50)]
    told = 0
    while told < len(many):
        told += await robot.deliver_many(many[told:])
        await rig.clock.advance(60)
    seen = platform.seen()
    assert all(f"第{n:03}件事" in seen for n in range(50)), "each is named in one of the messages"
    assert len(platform.taken) - sent in platform.merged


async def test_two_at_once_wait_for_each_other() -> None:
    clock = ManualClock(START)
    platform = Slack(clock)
    async with serving(platform), aiohttp.ClientSession() as session:
        robot = Robot(
            name="s",
            url=SecretStr(platform.url),
            secret=None,
            dialect=DIALECTS["slack"],
            style=style(),
            session=session,
            clock=clock,
        )
        both = [asyncio.create_task(robot.deliver(alert(key))) for key in ("a1", "a2")]
        await asyncio.wait(both, timeout=0.3, return_when=asyncio.ALL_COMPLETED)
        assert len(platform.taken) == 1
        await clock.advance(1)
        async with asyncio.timeout(5):
            await asyncio.gather(*both)
    assert len(platform.taken) == 2


async def test_feishu_takes_at_most_a_hundred_a_minute() -> None:
    clock = ManualClock(START)
    platform = Feishu(clock)
    async with serving(platform), aiohttp.ClientSession() as session:
        robot = Robot(
            name="f",
            url=SecretStr(platform.url),
            secret=SecretStr(SECRET),
            dialect=DIALECTS["feishu"],
            style=style(),
            session=session,
            clock=clock,
        )
        while clock.now() < START + timedelta(seconds=59):
            if robot.ready_in() == 0:
                await robot.deliver(alert())
            await clock.advance(0.2)
    assert 80 <= len(platform.taken) <= 100


def settings(**alerts: object) -> Settings:
    return Settings.model_validate(
        {
            "brands": [{"id": "hejia", "name": "禾家", "terms": ["禾家"]}],
            "channels": [{"name": "webchat", "type": "webchat"}],
            "alerts": alerts,
        }
    )


async def test_every_kind_that_can_be_configured_is_built() -> None:
    robots = [{"name": f"r-{kind}", "type": kind, "url": "https://x.example"} for kind in DIALECTS]
    hook = {"url": "https://x.example", "secret": "0123456789abcdef"}
    mail = {"name": "mail", "host": "x", "sender": "a@x.example", "to": ["b@x.example"]}
    mine = settings(robots=robots, webhooks=[hook, {**hook, "name": "own"}], emails=[mail])
    async with aiohttp.ClientSession() as session:
        clock, texts = ManualClock(START), shipped_catalogue()
        names = [one.name for one in build_receivers(mine, texts, session, clock)]
        assert names == ["webhook-0", "own", *(f"r-{kind}" for kind in DIALECTS), "mail"]
        quiet = without_receivers(settings(robots=robots, on_call=[{"receivers": ["own"]}]))
        assert build_receivers(quiet, texts, session, clock) == []
        assert quiet.alerts.on_call == ()
        twice = settings(robots=[robots[0], robots[0]])
        with pytest.raises(ConfigError, match=f"two receivers are named '{robots[0]['name']}'"):
            build_receivers(twice, texts, session, clock)
