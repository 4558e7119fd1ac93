"""The kinds of alert receivers, and the receivers that a configuration names.

``RECEIVERS`` is the only list of kinds: validation, the contract tests and the check of the
documentation follow from it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from core.errors import ConfigError, Problem
from core.settings import AlertSettings, ReceiverSettings, Settings
from responders.alerting.delivery import Receiver
from responders.alerting.receivers import dingtalk, feishu, mail, slack, webhook, wecom
from responders.alerting.receivers.kind import ReceiverBuilder, ReceiverContext, ReceiverKind

RECEIVERS: Final[Mapping[str, ReceiverKind]] = {
    "dingtalk": dingtalk.KIND,
    "email": mail.KIND,
    "feishu": feishu.KIND,
    "slack": slack.KIND,
    "webhook": webhook.KIND,
    "wecom": wecom.KIND,
}


def read_receivers(alerts: AlertSettings) -> Mapping[str, ReceiverBuilder]:
    """Validate every configured receiver; returns a builder by name.

    ``alerts.webhooks`` and ``alerts.emails`` imply the type; ``alerts.receivers`` and its older
    name ``alerts.robots`` state it.

    Raises:
        ConfigError: with every mistake in all receivers.
    """
    problems: list[Problem] = []
    builders: list[tuple[str, ReceiverBuilder]] = []
    for table, entries, implied in (
        ("webhooks", alerts.webhooks, "webhook"),
        ("robots", alerts.robots, None),
        ("emails", alerts.emails, "email"),
        ("receivers", alerts.receivers, None),
    ):
        for index, entry in enumerate(entries):
            place = f"alerts.{table}[{index}]"
            kind = _kind(entry, implied, place, problems)
            if kind is None:
                continue
            name = entry.name or f"{entry.type or implied}-{index}"
            build = kind.read(name, entry.settings, place, problems)
            if build is not None:
                builders.append((name, build))
    problems += _repeated([name for name, _ in builders])
    if problems:
        raise ConfigError(tuple(problems))
    return dict(builders)


def build_receivers(alerts: AlertSettings, context: ReceiverContext) -> list[Receiver]:
    """Build every configured receiver; opens no connection. Raises ConfigError."""
    return [build(context) for build in read_receivers(alerts).values()]


def require_unique_names(names: Iterable[str]) -> None:
    """Raises ConfigError for each receiver name that is used twice."""
    problems = _repeated(list(names))
    if problems:
        raise ConfigError(tuple(problems))


def without_receivers(settings: Settings) -> Settings:
    """The same configuration with no receiver and no escalation, for drills and replays."""
    alerts = settings.alerts.model_copy(
        update={"webhooks": (), "robots": (), "emails": (), "receivers": (), "on_call": ()}
    )
    return settings.model_copy(update={"alerts": alerts})


def _kind(
    entry: ReceiverSettings, implied: str | None, place: str, problems: list[Problem]
) -> ReceiverKind | None:
    named = entry.type or implied
    if implied is not None and named != implied:
        problems.append(
            Problem(
                key=f"{place}.type",
                message=f"entries of this table have the type {implied!r}",
                remedy="Move this one to alerts.receivers.",
            )
        )
    elif named is None:
        problems.append(Problem(key=f"{place}.type", message="is missing", remedy=_CHOOSE))
    elif named not in RECEIVERS:
        problems.append(
            Problem(
                key=f"{place}.type",
                message=f"there is no receiver type {named!r}",
                remedy=_CHOOSE,
            )
        )
    else:
        return RECEIVERS[named]
    return None


_CHOOSE: Final = f"Choose one of: {', '.join(sorted(RECEIVERS))}."


def _repeated(names: list[str]) -> list[Problem]:
    return [
        Problem(
            key="alerts",
            message=f"two receivers are named {name!r}",
            remedy="Give each its own name.",
        )
        for index, name in enumerate(names)
        if name in names[:index]
    ]
