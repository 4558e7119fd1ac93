"""The parts that the factory joins: staff groups as receivers, and dead letters as alerts."""

import pytest

from cli.catalogue import shipped_catalogue
from core.clock import ManualClock
from core.errors import ConfigError
from core.model.events import Received
from core.settings import Settings
from responders.alerting.escalation import read_chain
from responders.alerting.manager import AlertPolicy
from responders.factory import build_dead_letter_alert, join_receivers
from tests.builders import START, alert
from tests.responders.alerting.doubles import NoticeRecorder
from tests.responders.alerting.support import manager, run_for
from tests.responders.builders import mention
from tests.responders.memory_store import MemoryAlerts


def settings(**alerts: object) -> Settings:
    return Settings.model_validate(
        {
            "brands": [{"id": "hejia", "name": "禾家", "terms": ["禾家"]}],
            "channels": [{"name": "webchat", "type": "webchat"}],
            "alerts": alerts,
        }
    )


async def test_staff_groups_join_the_receivers_and_steps_must_name_known_ones() -> None:
    clock = ManualClock(START)
    store, pager, group = (
        MemoryAlerts(now=clock.now),
        NoticeRecorder(),
        NoticeRecorder(name="telegram-staff"),
    )
    mine = settings(on_call=[{"receivers": ["telegram-staff"]}, {"receivers": ["pager"]}])
    policy = AlertPolicy(chain=lambda names: read_chain(mine.alerts, names))
    alerting = manager(store, pager, clock=clock, policy=policy)
    with pytest.raises(ConfigError, match="no receiver 'telegram-staff'"):
        join_receivers(mine, alerting)
    join_receivers(mine, alerting, [group])
    with pytest.raises(ConfigError, match="two receivers"):
        join_receivers(mine, alerting, [group])
    await alerting.raise_alert(alert())
    await run_for(alerting, clock, 60)
    assert (group.taken, pager.taken) == (["a1#1"], [])
    await run_for(alerting, clock, 900)
    assert (group.taken, pager.taken) == (["a1#1"], ["a1#2"])
    with pytest.raises(ConfigError, match="no time zone 'Mars'"):
        read_chain(settings(timezone="Mars").alerts, ())


async def test_a_dead_letter_becomes_an_alert() -> None:
    store, clock = MemoryAlerts(), ManualClock(START)
    callback = build_dead_letter_alert(
        settings(), manager(store, clock=clock), clock, shipped_catalogue()
    )
    item = Received(seq=7, event=mention().event, attempts=5, received_at=START)
    assert await callback(item, "ValueError: secret")
    assert not await callback(item, "ValueError: secret")
    [(key, raised)] = store.alerts.items()
    assert key == "dead_letter:7"
    assert "secret" not in raised.body
