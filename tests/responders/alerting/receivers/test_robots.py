"""Robots of chat platforms, each against a server that checks what its platform checks."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import get_args

import pytest
from aiohttp import web
from pydantic import SecretStr

from core.alerts import Alert
from core.errors import ConnectorError, Refused, Unavailable
from core.settings import RobotSettings
from responders.alerting.receivers.factory import DIALECTS
from responders.alerting.receivers.robot import Robot
from tests.builders import alert
from tests.responders.alerting.receivers.platforms import PLATFORMS, SECRET
from tests.responders.alerting.receivers.robot_rig import EVIL, Rig, open_rig, style


@pytest.fixture(params=list(DIALECTS))
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with open_rig(request.param) as made:
        yield made


def test_every_kind_that_can_be_configured_has_its_platform() -> None:
    kinds = set(get_args(RobotSettings.model_fields["type"].annotation))
    assert kinds == set(DIALECTS) == set(PLATFORMS)


async def failure(robot: Robot, one: Alert | None = None) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await robot.deliver(one or alert())
    return caught.value


async def test_an_alert_is_taken_and_says_what_there_is(rig: Rig) -> None:
    await rig.robot.deliver(replace(alert(), incident="INC-7", notices=1))
    [said] = rig.platform.taken
    shown = json.dumps(said, ensure_ascii=False)
    for part in ("▲ P1 严重 · 面包发霉", "禾家超市", "INC-7", "8 位作者"):
        assert part in shown
    assert SECRET not in shown


async def test_it_speaks_the_language_of_staff_and_says_why_again(rig: Rig) -> None:
    robot = rig.build(style=style("en"))
    for changes, expected in (
        ({"notices": 3}, "Notice 3: nobody has taken it yet"),
        (
            {"notices": 2, "state": "acknowledged", "owner": "王敏"},
            "more severe now; 王敏 is on it",
        ),
        ({"notices": 2, "state": "resolved"}, "Resolved: nothing new for 6 hours"),
        ({"notices": 1, "drill": True}, "DRILL"),
        ({"notices": 2, "state": "resolved", "part_of": "INC-104"}, "Now part of INC-104"),
    ):
        await robot.deliver(replace(alert(), **changes))
        await rig.clock.advance(60)
        assert expected in rig.platform.seen()


async def test_what_strangers_wrote_means_nothing_to_the_platform(rig: Rig) -> None:
    hostile = replace(alert(), title=EVIL, body=f"{EVIL}\n" * 3 + "x" * 100_000, brand=EVIL)
    await rig.robot.deliver(hostile)
    await rig.clock.advance(60)
    await rig.robot.deliver_many([hostile, hostile])
    seen = rig.platform.seen()
    texts = seen.replace('\\"', '"')
    assert "http://evil" not in texts
    assert "\\u0000" not in texts
    assert "\\u202e" not in texts
    assert "\u202e" not in texts
    assert [part for part in rig.platform.forbidden if part in texts] == []
    assert [part for part in rig.platform.required if part not in texts] == []


async def test_a_very_long_alert_is_cut_between_characters(rig: Rig) -> None:
    long = replace(alert(), title="霉" * 400, body="\n".join(["霉" * 500] * 30), brand=None)
    await rig.robot.deliver(long)
    [said] = rig.platform.taken
    assert "\ufffd" not in json.dumps(said, ensure_ascii=False)


async def test_a_verdict_in_the_body_of_a_200_counts(rig: Rig) -> None:
    for body, kind in rig.platform.verdicts:
        rig.platform.answers = [web.Response(body=body)]
        assert isinstance(await failure(rig.robot), kind), body
        await rig.clock.advance(60)
    assert rig.platform.taken == []


async def test_what_the_platform_is_busy_with_comes_later(rig: Rig) -> None:
    rig.platform.answers = [rig.platform.busy()]
    found = await failure(rig.robot)
    assert isinstance(found, Unavailable)
    assert found.retry_after is not None
    assert found.retry_after >= 30


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, Unavailable), (503, Unavailable), (429, Unavailable), (404, Refused), (302, Refused)],
)
async def test_the_status_counts_too(rig: Rig, status: int, kind: type[ConnectorError]) -> None:
    rig.platform.answers = [web.Response(status=status, headers={"Location": "/x"})]
    found = await failure(rig.robot)
    assert type(found) is kind
    assert "t0ken" not in str(found)


@pytest.mark.parametrize("rig", [k for k, p in PLATFORMS.items() if p.signs], indirect=True)
async def test_a_wrong_secret_is_refused_with_a_remedy(rig: Rig) -> None:
    for secret in (SecretStr("wrong"), None):
        found = await failure(rig.build(secret=secret))
        assert isinstance(found, Refused)
        assert "signing secret" in str(found)
        assert "wrong" not in str(found)


async def test_nobody_there_and_an_address_that_is_none_tell_no_secret(rig: Rig) -> None:
    closed = rig.build(url=SecretStr("http://127.0.0.1:9/hook/t0ken"))
    found = await failure(closed)
    assert isinstance(found, Unavailable)
    assert "t0ken" not in str(found)
    none = rig.build(url=SecretStr("http://[t0ken"))
    found = await failure(none)
    assert isinstance(found, Refused)
    assert "t0ken" not in str(found)
