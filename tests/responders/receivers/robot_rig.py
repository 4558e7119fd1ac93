"""A robot, and a server that speaks its platform."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from core.clock import ManualClock
from responders.catalogue import Written, shipped_catalogue
from responders.receivers.robot import Robot
from responders.receivers.text import Style
from tests.responders.receivers.platforms import (
    DingTalk,
    Feishu,
    Platform,
    Slack,
    WeCom,
)

PLATFORMS: dict[str, type[Platform]] = {
    "feishu": Feishu,
    "dingtalk": DingTalk,
    "wecom": WeCom,
    "slack": Slack,
}
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
