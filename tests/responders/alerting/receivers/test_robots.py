"""Robots of chat platforms: what each platform needs beyond the contract of receivers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from core.clock import ManualClock
from core.errors import ConnectorError, Refused, Unavailable
from core.localized import UiLanguage
from core.model.alerts import Alert
from responders.alerting.receivers.registry import RECEIVERS
from responders.alerting.receivers.robot import Robot, RobotSettings
from tests.builders import START, alert
from tests.driven_clock import WATCHDOG_SECONDS
from tests.responders.alerting.receivers.rigs.base import HOSTILE, Bench, open_bench, rig_of
from tests.responders.alerting.receivers.rigs.robot_server import TOKEN, RobotServer


def server_of(kind: str) -> RobotServer:
    rig = rig_of(kind)(ManualClock(START))
    assert isinstance(rig, RobotServer)
    return rig


ROBOTS = [
    kind for kind, receiver in RECEIVERS.items() if issubclass(receiver.settings, RobotSettings)
]
SIGNED = [kind for kind in ROBOTS if server_of(kind).signs]


@pytest.fixture(params=ROBOTS)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with open_bench(request.param) as opened:
        yield opened


def server(bench: Bench) -> RobotServer:
    assert isinstance(bench.rig, RobotServer)
    return bench.rig


def robot(bench: Bench, *, language: UiLanguage = "zh", **changes: object) -> Robot:
    built = bench.receiver(language=language, **changes)
    assert isinstance(built, Robot)
    return built


async def failure(robot: Robot, one: Alert | None = None) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await robot.deliver(one or alert())
    return caught.value


async def test_the_brand_is_named_as_staff_know_it(bench: Bench) -> None:
    await robot(bench).deliver(alert())
    [shown] = bench.rig.shown()
    assert "▲ P1 严重 · 面包发霉" in shown
    assert "禾家超市" in shown


async def test_a_repeated_notice_gives_its_reason_in_the_language_of_staff(bench: Bench) -> None:
    english = robot(bench, language="en")
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
        await english.deliver(replace(alert(), **changes))
        await bench.clock.advance(60)
        assert expected in bench.rig.shown()[-1]


async def test_hostile_text_is_no_markup_on_the_platform(bench: Bench) -> None:
    hostile = replace(alert(), title=HOSTILE, body=HOSTILE, brand=HOSTILE)
    sender = robot(bench)
    await sender.deliver(hostile)
    await bench.clock.advance(60)
    await sender.deliver_batch([hostile, hostile])
    texts = "\n".join(bench.rig.shown()).replace('\\"', '"')
    assert [part for part in server(bench).forbidden if part in texts] == []
    assert [part for part in server(bench).required if part not in texts] == []


async def test_a_very_long_alert_is_cut_between_characters(bench: Bench) -> None:
    long = replace(alert(), title="霉" * 400, body="\n".join(["霉" * 500] * 30), brand=None)
    await robot(bench).deliver(long)
    [shown] = bench.rig.shown()
    assert "\ufffd" not in shown


async def test_an_error_in_the_body_of_a_200_counts(bench: Bench) -> None:
    sender, platform = robot(bench), server(bench)
    for body, kind in platform.errors:
        platform.answers = [web.Response(body=body)]
        assert isinstance(await failure(sender), kind), body
        await bench.clock.advance(60)
    assert platform.taken == []


async def test_a_busy_platform_is_left_alone_for_as_long_as_it_asks(bench: Bench) -> None:
    bench.rig.be_busy_next()
    found = await failure(robot(bench))
    assert isinstance(found, Unavailable)
    assert found.retry_after is not None
    assert found.retry_after >= 30


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, Unavailable), (503, Unavailable), (429, Unavailable), (404, Refused), (302, Refused)],
)
async def test_an_error_status_counts(
    bench: Bench, status: int, kind: type[ConnectorError]
) -> None:
    server(bench).answers = [web.Response(status=status, headers={"Location": "/x"})]
    found = await failure(robot(bench))
    assert type(found) is kind
    assert TOKEN not in str(found)


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_wrong_secret_is_refused_with_a_remedy(kind: str) -> None:
    async with open_bench(kind) as bench:
        for secret in ("wrong", None):
            found = await failure(robot(bench, secret=secret))
            assert isinstance(found, Refused)
            assert "signing secret" in str(found)
            assert "wrong" not in str(found)


async def test_an_invalid_address_is_refused_without_quoting_it(bench: Bench) -> None:
    found = await failure(robot(bench, url=f"http://[{TOKEN}"))
    assert isinstance(found, Refused)
    assert "not a valid http(s) URL" in str(found)
    assert TOKEN not in str(found)


async def test_most_of_the_allowed_rate_is_used_and_no_wait_is_long(bench: Bench) -> None:
    sender, sent, waits = robot(bench), 0, [0.0]
    while bench.clock.now() < START + timedelta(seconds=60):
        if sender.ready_in() == 0:
            await sender.deliver(alert(f"a{sent}"))
            sent += 1
        waits.append(sender.ready_in())
        await bench.clock.advance(0.1)
    allowed = server(bench).max_messages * 60 / server(bench).per_seconds
    assert 0.8 * allowed <= sent <= allowed
    assert len(bench.rig.shown()) == sent, "none was refused"
    assert max(waits) <= 0.1 * 60, "a severe alert never waits for the minute to end"
    await bench.clock.advance(60)
    assert sender.ready_in() == 0


async def test_waiting_alerts_are_merged_into_as_few_messages_as_fit(bench: Bench) -> None:
    sender = robot(bench)
    many = [replace(alert(f"b{n}"), title=f"第{n:03}件事" + "很长" * 40) for n in range(50)]
    done = 0
    while done < len(many):
        done += await sender.deliver_batch(many[done:])
        await bench.clock.advance(60)
    shown = "\n".join(bench.rig.shown())
    assert all(f"第{n:03}件事" in shown for n in range(50)), "each is named in one of the messages"
    assert len(bench.rig.shown()) in server(bench).merged


async def test_two_deliveries_at_once_keep_the_limit() -> None:
    async with open_bench("slack") as bench:
        sender = robot(bench)
        both = [asyncio.create_task(sender.deliver(alert(key))) for key in ("a1", "a2")]
        await asyncio.wait(both, timeout=0.3, return_when=asyncio.ALL_COMPLETED)
        assert len(bench.rig.shown()) == 1
        await bench.clock.advance(1)
        async with asyncio.timeout(WATCHDOG_SECONDS):
            await asyncio.gather(*both)
        assert len(bench.rig.shown()) == 2
