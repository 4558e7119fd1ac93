"""The alerts that are to be raised: one a matter, brought up to date while the matter goes on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from core.alerts import Alert, incident_key
from core.clock import Clock
from core.localized import LocalizedText
from core.taxonomy import Severity
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.ports import Raises

UPDATE_SECONDS: Final = 60.0
"""A matter that has not become worse is told of at most once in so many seconds of its posts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingAlert:
    """What staff are to be told about one matter."""

    case: TrackedIncident
    severity: Severity
    title: str
    body: str
    at: float
    """When the matter was last heard of, in seconds since 1970."""
    wordings: tuple[LocalizedText, ...] = ()
    """Title and body in each language."""
    channel: str | None = None
    category: str | None = None


class AlertQueue:
    """Keeps notices until they are raised; P4 is not."""

    def __init__(
        self, raises: Raises, *, clock: Clock, number: Callable[[TrackedIncident], Awaitable[str]]
    ) -> None:
        """``number`` gives the Incident.id of a case, storing it first if it must."""
        self._raises = raises
        self._clock = clock
        self._number = number
        self._unsent: dict[str, PendingAlert] = {}

    def due(self, case: TrackedIncident, severity: Severity, at: float) -> bool:
        """True where a notice would say something new."""
        if severity == "P4":
            return False
        return case.told is None or severity < case.told or at - case.told_at >= UPDATE_SECONDS

    def know(self, case: TrackedIncident, severity: Severity) -> None:
        """Staff were told of a case before the start."""
        case.told = min(severity, case.told or "P4")
        case.told_at = case.activity.last
        notice = self._unsent.get(case.key)
        if notice is not None and notice.severity >= severity:
            del self._unsent[case.key]

    def file(self, notice: PendingAlert) -> None:
        """Have it raised by the next ``send``."""
        case = notice.case
        case.told = min(notice.severity, case.told or "P4")
        case.told_at = notice.at
        self._unsent[case.key] = notice

    def drop_before(self, second: float) -> None:
        """Do not raise what was over before ``second``."""
        for key in [key for key, notice in self._unsent.items() if notice.at < second]:
            del self._unsent[key]

    def merged(self, kept: TrackedIncident, gone: TrackedIncident) -> None:
        """What was filed about ``gone`` is told as part of ``kept``."""
        self._unsent.pop(gone.key, None)
        kept.told_at = 0.0

    async def send(self) -> None:
        """Raise everything filed; what fails stays filed. Raises what ``raise_alert`` raises."""
        for key, notice in tuple(self._unsent.items()):
            number = await self._number(notice.case)
            if self._unsent.get(key) is not notice:
                continue  # it went into another matter meanwhile, or there is something newer
            await self._raises.raise_alert(self._alert(notice, number))
            if self._unsent.get(key) is notice:
                del self._unsent[key]

    def _alert(self, notice: PendingAlert, incident: str) -> Alert:
        now = self._clock.now()
        return Alert(
            key=incident_key(incident),
            kind="incident",
            severity=notice.case.told or notice.severity,
            title=notice.title,
            body=notice.body,
            wordings=notice.wordings,
            created_at=now,
            heard_at=now,
            brand=notice.case.brand,
            incident=incident,
            channel=notice.channel,
            category=notice.category,
        )
