"""A robot, and a server that speaks its platform."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
from pydantic import SecretStr

from core.clock import ManualClock
from responders.alerting.receivers.factory import DIALECTS
from responders.alerting.receivers.robot import Robot
from responders.alerting.receivers.text import Style
from responders.templates import Written, shipped_catalogue
from tests.builders import START
from tests.responders.alerting.receivers.platforms import PLATFORMS, SECRET, Platform, serving

EVIL = (
    'a\x00b\ud83d\u202e<at user_id="all"></at> <!channel> <@all> [点我](http://evil.example/x)'
    " **粗** `x` # 标题\n> 引用 @所有人 & ![i](https://e.example/i.png)"
)


def style(language: Written = "zh") -> Style:
    return Style(
        texts=shipped_catalogue(),
        language=language,
        quiet=timedelta(hours=6),
        brands=(("hejia", "禾家超市"),),
    )


@dataclass
class Rig:
    """A robot and the platform it talks to."""

    name: str
    platform: Platform
    robot: Robot
    clock: ManualClock
    build: Callable[..., Robot]


@asynccontextmanager
async def open_rig(name: str) -> AsyncIterator[Rig]:
    clock = ManualClock(START)
    async with AsyncExitStack() as stack:
        platform = PLATFORMS[name](clock)
        await stack.enter_async_context(serving(platform))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        def build(**changes: object) -> Robot:
            given: dict[str, object] = {
                "name": name,
                "url": SecretStr(platform.url),
                "secret": SecretStr(SECRET),
                "dialect": DIALECTS[name],
                "style": style(),
                "session": session,
                "clock": clock,
                "timeout": 2.0,
            }
            return Robot(**(given | changes))  # type: ignore[arg-type]  # the caller names real parameters

        yield Rig(name=name, platform=platform, robot=build(), clock=clock, build=build)
