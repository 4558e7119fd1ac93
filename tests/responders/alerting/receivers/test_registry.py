"""Receivers as a configuration names them."""

import aiohttp
import pytest

from core.clock import ManualClock
from core.errors import ConfigError
from core.settings import AlertSettings, Settings
from responders.alerting.receivers.registry import (
    RECEIVERS,
    build_receivers,
    read_receivers,
    require_unique_names,
    without_receivers,
)
from tests.builders import START
from tests.responders.alerting.receivers.rigs.base import context

ROBOT = {"name": "group", "type": "slack", "url": "https://x.example"}
HOOK = {"url": "https://x.example", "secret": "0123456789abcdef"}
MAIL = {"name": "mail", "host": "x", "sender": "a@x.example", "to": ["b@x.example"]}


def alerts(**tables: object) -> AlertSettings:
    return AlertSettings.model_validate(tables)


def mistakes(**tables: object) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read_receivers(alerts(**tables))
    return {
        problem.key: f"{problem.message}. {problem.remedy}" for problem in caught.value.problems
    }


async def test_every_table_of_the_configuration_builds_receivers() -> None:
    settings = alerts(
        receivers=[{"type": "email", **MAIL, "name": "duty"}],
        robots=[ROBOT],
        webhooks=[HOOK, {**HOOK, "name": "own"}],
        emails=[MAIL],
    )
    async with aiohttp.ClientSession() as session:
        built = build_receivers(settings, context(session, ManualClock(START)))
    names = [one.name for one in built]
    assert names == ["webhook-0", "own", "group", "mail", "duty"]


def test_two_receivers_of_one_name_are_a_mistake() -> None:
    assert "two receivers are named 'group'" in mistakes(robots=[ROBOT, ROBOT])["alerts"]
    with pytest.raises(ConfigError, match="two receivers are named 'a'"):
        require_unique_names(["a", "b", "a"])


def test_an_unknown_type_names_the_known_ones() -> None:
    found = mistakes(receivers=[{**ROBOT, "type": "pigeon"}, {"url": "https://x.example"}])
    assert "no receiver type 'pigeon'" in found["alerts.receivers[0].type"]
    assert "is missing" in found["alerts.receivers[1].type"]
    for kind in RECEIVERS:
        assert kind in found["alerts.receivers[0].type"]


def test_a_table_that_implies_its_type_takes_no_other() -> None:
    found = mistakes(webhooks=[{**HOOK, "type": "slack"}], emails=[{**MAIL, "type": "email"}, {}])
    assert "alerts.receivers" in found["alerts.webhooks[0].type"]
    assert {"alerts.emails[1].host", "alerts.emails[1].to"} <= set(found)
    assert not any(key.startswith("alerts.emails[0]") for key in found)


def test_secrets_do_not_show_in_the_settings() -> None:
    assert "0123456789abcdef" not in repr(alerts(webhooks=[HOOK]))


def test_a_drill_has_no_receivers_and_no_escalation() -> None:
    settings = Settings.model_validate(
        {
            "brands": [{"id": "hejia", "name": "禾家", "terms": ["禾家"]}],
            "channels": [{"name": "webchat", "type": "webchat"}],
            "alerts": {
                "receivers": [ROBOT],
                "robots": [ROBOT],
                "webhooks": [HOOK],
                "emails": [MAIL],
                "on_call": [{"receivers": ["group"]}],
            },
        }
    )
    quiet = without_receivers(settings).alerts
    assert read_receivers(quiet) == {}
    assert quiet.on_call == ()
