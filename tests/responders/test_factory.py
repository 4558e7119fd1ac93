"""Receivers that channels bring, joined to those of the configuration."""

import pytest

from core.clock import ManualClock
from core.errors import ConfigError
from core.settings import Settings
from responders.alerting.escalation import read_chain
from responders.alerting.manager import AlertPolicy
from responders.factory import join_receivers
from tests.builders import START, alert
from tests.responders.alerting.doubles import NoticeRecorder
from tests.responders.alerting.support import manager, run_for
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
