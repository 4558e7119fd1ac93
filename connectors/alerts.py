"""Alerts that connectors raise about themselves."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from connectors.context import RaisesAlerts
from core.clock import Clock
from core.connector import RetryAt
from core.i18n import Catalogue
from core.localized import LocalizedText, UiLanguage, in_each
from core.model.alerts import Alert
from core.taxonomy import Severity

Held = Literal["reading", "replies"]

_LONG_WAIT: Final = 3600.0
_SAME_PAUSE: Final = timedelta(minutes=10)
"""Later ends of a pause by less than this are the same pause, named again."""


def connector_alert(
    text: str,
    *,
    catalogue: Catalogue,
    key: str,
    kind: Literal["gap", "budget", "channel"],
    severity: Severity,
    now: datetime,
    facts: Mapping[str, object],
) -> Alert:
    """Build an alert in every language.

    Args:
        text: name of the messages ``connector.TEXT.title`` and ``connector.TEXT.body``.
        catalogue: has the messages.
        key: identifies the occurrence; an alert with the same key is raised once.
        facts: values for the placeholders of the text.

    The alert's own title and body hold all languages, for receivers that cannot choose one, such as
    a staff group.
    """

    def localized(language: UiLanguage) -> LocalizedText:
        return LocalizedText(
            language=language,
            title=catalogue.say(f"connector.{text}.title", language, **facts),
            body=catalogue.say(f"connector.{text}.body", language, **facts),
        )

    wordings = in_each(localized)
    return Alert(
        key=key,
        kind=kind,
        severity=severity,
        title=" / ".join(one.title for one in wordings),
        body="\n".join(one.body for one in wordings),
        created_at=now,
        wordings=wordings,
    )


class LongWaits:
    """Tells staff once of each pause of hours that a platform asks for."""

    def __init__(
        self, *, name: str, alarm: RaisesAlerts, clock: Clock, catalogue: Catalogue
    ) -> None:
        self._name = name
        self._catalogue = catalogue
        self._alarm = alarm
        self._clock = clock
        self._known: dict[Held, datetime] = {}
        """End of the last pause that staff know of."""

    async def note(self, what: Held, seconds: float | None) -> None:
        """Raise an alert if ``seconds`` is an hour or more and not part of a known pause."""
        if seconds is None or seconds < _LONG_WAIT:
            return
        now = self._clock.now()
        until = now + timedelta(seconds=seconds)
        known = self._known.get(what)
        if known is not None and until <= known + _SAME_PAUSE:
            return
        self._known[what] = until
        alert = connector_alert(
            f"held_{what}",
            catalogue=self._catalogue,
            key=f"held:{self._name}:{what}:{until:%Y-%m-%dT%H}",
            kind="channel",
            severity="P2",
            now=now,
            facts={
                "name": self._name,
                "until": f"{until:%Y-%m-%d %H:%M}",
                "hours": f"{seconds / 3600:.1f}",
            },
        )
        await self._alarm.raise_alert(alert)

    async def note_retry(self, result: RetryAt) -> None:
        """As ``note``, for a reply that has to wait."""
        await self.note("replies", (result.at - self._clock.now()).total_seconds())


def retention_gap_alert(
    *, name: str, since: datetime, now: datetime, retention: timedelta, catalogue: Catalogue
) -> Alert:
    """Warn that events of the channel ``name`` may be lost.

    Raised where the channel was out of contact since ``since``, for longer than the platform's
    ``retention`` of undelivered events.
    """
    hour = timedelta(hours=1)
    return connector_alert(
        "gap",
        catalogue=catalogue,
        key=f"gap:{name}:{since.isoformat(timespec='seconds')}",
        kind="gap",
        severity="P2",
        now=now,
        facts={
            "name": name,
            "since": since.isoformat(sep=" ", timespec="minutes")[:16],
            "hours": round((now - since) / hour),
            "kept": round(retention / hour),
        },
    )
