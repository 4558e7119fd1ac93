"""The promises of every alert receiver in the registry, kept towards its own platform."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import ConfigError, Refused, Unavailable
from core.model.alerts import Alert
from core.settings import AlertSettings
from responders.alerting.delivery import DeliversBatches, Receiver, ThrottlesDeliveries
from responders.alerting.receivers.registry import RECEIVERS, read_receivers
from tests.builders import START, alert
from tests.responders.alerting.receivers.rigs.base import HOSTILE, Bench, open_bench

DOCS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parents[2] / "docs").rglob("*.md"))
    if path.name in ("alerts.md", "configuration.md")
)


@pytest.fixture(params=sorted(RECEIVERS))
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with open_bench(request.param) as opened:
        yield opened


async def deliver_all(bench: Bench, receiver: Receiver, alerts: list[Alert]) -> None:
    """In batches where the receiver takes them, and at its pace."""
    left = list(alerts)
    while left:
        if isinstance(receiver, ThrottlesDeliveries):
            await bench.clock.advance(receiver.ready_in())
        if isinstance(receiver, DeliversBatches):
            del left[: await receiver.deliver_batch(left)]
        else:
            await receiver.deliver(left.pop(0))


async def test_an_alert_arrives_with_its_evidence_and_without_secrets(bench: Bench) -> None:
    await bench.receiver().deliver(replace(alert(), incident="INC-7", notices=1))
    [shown] = bench.rig.shown()
    for part in ("P1", "面包发霉", "INC-7", "8 位作者"):
        assert part in shown
    for secret in bench.rig.secrets:
        assert secret not in shown


async def test_a_burst_arrives_whole(bench: Bench) -> None:
    many = [replace(alert(f"a{n}"), title=f"第{n:03}件事" + "很长" * 40) for n in range(50)]
    await deliver_all(bench, bench.receiver(), many)
    seen = "\n".join(bench.rig.shown())
    assert [n for n in range(50) if f"第{n:03}件事" not in seen] == []
    assert bench.rig.over_limit == 0


async def test_the_rate_limit_of_the_platform_is_never_exceeded(bench: Bench) -> None:
    receiver, sent = bench.receiver(), 0
    while bench.clock.now() < START + timedelta(seconds=60) and sent < 200:
        if not isinstance(receiver, ThrottlesDeliveries) or receiver.ready_in() == 0:
            await receiver.deliver(alert(f"a{sent}"))
            sent += 1
        await bench.clock.advance(0.2)
    assert sent > 0
    assert bench.rig.over_limit == 0


async def test_a_refusal_names_a_remedy_and_no_secret(bench: Bench) -> None:
    bench.rig.refuse_next()
    with pytest.raises(Refused) as caught:
        await bench.receiver().deliver(alert())
    assert caught.value.remedy
    for secret in bench.rig.secrets:
        assert secret not in str(caught.value)
    assert bench.rig.shown() == []


async def test_after_a_busy_answer_the_retry_arrives(bench: Bench) -> None:
    receiver = bench.receiver()
    bench.rig.be_busy_next()
    with pytest.raises(Unavailable):
        await receiver.deliver(alert())
    assert bench.rig.shown() == []
    await bench.clock.advance(60)
    await receiver.deliver(alert())
    assert len(bench.rig.shown()) == 1


@pytest.mark.parametrize("kind", sorted(RECEIVERS))
async def test_a_platform_that_cannot_be_reached_is_unavailable(kind: str) -> None:
    async with open_bench(kind) as bench:
        settings, secrets = dict(bench.rig.settings), bench.rig.secrets
    async with open_bench(kind) as other:
        with pytest.raises(Unavailable) as caught:
            await other.receiver(language="zh", **settings).deliver(alert())
    for secret in secrets:
        assert secret not in str(caught.value)


async def test_a_repeated_notice_has_the_key_of_the_first(bench: Bench) -> None:
    """For platforms with idempotency keys, so that the other end can drop it."""
    receiver, first = bench.receiver(), replace(alert(), notices=1)
    for notice in (first, first, replace(first, notices=2)):
        await receiver.deliver(notice)
        await bench.clock.advance(60)
    keys = bench.rig.keys
    if keys is not None:
        assert keys[0] == keys[1] != keys[2]
    assert len(bench.rig.shown()) == 3


async def test_hostile_text_arrives_without_effect(bench: Bench) -> None:
    hostile = replace(alert(), title=HOSTILE, body=f"{HOSTILE}\n" * 3 + "x" * 100_000)
    await deliver_all(bench, bench.receiver(), [hostile])
    await bench.clock.advance(60)
    await deliver_all(bench, bench.receiver(), [hostile, replace(hostile, key="a2")])
    shown = "\n".join(bench.rig.shown())
    assert "点我" in shown
    if bench.rig.for_people:
        assert "http://evil" not in shown
        assert not re.search("[\x00-\x08\u202e\ud83d\ufffd]", shown)


async def test_unknown_and_missing_settings_are_reported_with_their_place(bench: Bench) -> None:
    required = [
        name
        for name, info in RECEIVERS[bench.kind].settings.model_fields.items()
        if info.is_required()
    ]
    entry = {"type": bench.kind, "colour": "red"}
    with pytest.raises(ConfigError) as caught:
        read_receivers(AlertSettings.model_validate({"receivers": [entry]}))
    assert {problem.key for problem in caught.value.problems} == {
        f"alerts.receivers[0].{name}" for name in ("colour", *required)
    }


@pytest.mark.parametrize("kind", sorted(RECEIVERS))
def test_the_documentation_names_the_kind_and_its_settings(kind: str) -> None:
    assert f"`{kind}`" in DOCS or f'type = "{kind}"' in DOCS
    missing = [name for name in RECEIVERS[kind].settings.model_fields if f"`{name}`" not in DOCS]
    assert missing == []
