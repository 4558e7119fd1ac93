"""Builds the receivers that a configuration names."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import aiohttp

from core.clock import Clock
from core.errors import ConfigError, Problem
from core.settings import Settings
from responders.alerting.receiver import Receiver
from responders.alerting.receivers.dingtalk import DINGTALK
from responders.alerting.receivers.feishu import FEISHU
from responders.alerting.receivers.mail import Mail
from responders.alerting.receivers.robot import Dialect, Robot
from responders.alerting.receivers.slack import SLACK
from responders.alerting.receivers.text import Style
from responders.alerting.receivers.webhook import Webhook
from responders.alerting.receivers.wecom import WECOM
from responders.templates import Catalogue

DIALECTS: Final[Mapping[str, Dialect]] = {
    "feishu": FEISHU,
    "dingtalk": DINGTALK,
    "wecom": WECOM,
    "slack": SLACK,
}


def build_receivers(
    settings: Settings, texts: Catalogue, session: aiohttp.ClientSession, clock: Clock
) -> list[Receiver]:
    """Webhooks, robots and e-mails; raises ConfigError where two have one name."""
    alerts = settings.alerts
    style = Style(
        texts=texts,
        language=settings.console.language,
        quiet=timedelta(hours=alerts.resolve_hours),
        brands=tuple((brand.id, brand.name) for brand in settings.brands),
    )
    found: list[Receiver] = [
        Webhook(
            name=webhook.name or f"webhook-{number}",
            url=webhook.url,
            secret=webhook.secret,
            session=session,
            clock=clock,
        )
        for number, webhook in enumerate(alerts.webhooks)
    ]
    found += [
        Robot(
            name=robot.name,
            url=robot.url,
            secret=robot.secret,
            dialect=DIALECTS[robot.type],
            style=style,
            session=session,
            clock=clock,
        )
        for robot in alerts.robots
    ]
    found += [Mail(email, style=style, clock=clock) for email in alerts.emails]
    require_own_names([receiver.name for receiver in found])
    return found


def require_own_names(names: list[str]) -> None:
    """Raises ConfigError for a name that two receivers have."""
    problems = [
        Problem(
            key="alerts",
            message=f"two receivers are named {name!r}",
            remedy="Give each its own.",
        )
        for index, name in enumerate(names)
        if name in names[:index]
    ]
    if problems:
        raise ConfigError(tuple(problems))


def without_receivers(settings: Settings) -> Settings:
    """The same configuration with nobody to tell beside the console."""
    nobody = {"webhooks": (), "robots": (), "emails": (), "on_call": ()}
    alerts = settings.alerts.model_copy(update=nobody)
    return settings.model_copy(update={"alerts": alerts})
