"""The alerts that are to be raised: each matter once, and again only when it has become worse."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol, get_args

from core.clock import Clock
from core.records import Alert
from core.types import Severity

PREFIX: Final = "spread"
_SEVERITIES: Final = frozenset(get_args(Severity))
_MOST: Final = 10_000
"""Matters remembered; far more than are alive at one time."""


class Raises(Protocol):
    """Where alerts go."""

    async def raise_alert(self, alert: Alert) -> bool:
        """Take the alert; False where one with its key was raised before."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What staff are to be told about one matter."""

    matter: str
    """The same for all notices about the matter."""
    severity: Severity
    title: str
    lines: tuple[str, ...]
    brand: str
    at: float
    """When the matter was last heard of, in seconds since 1970."""
    incident: str | None = None


class Desk:
    """Keeps notices until they are raised. A lower severity than before, and P4, is not raised."""

    def __init__(self, raises: Raises, *, clock: Clock) -> None:
        self._raises = raises
        self._clock = clock
        self._known: OrderedDict[str, Severity] = OrderedDict()
        self._unsent: dict[str, tuple[Alert, float]] = {}

    def know(self, alert: Alert) -> None:
        """Note an alert that was raised before the start."""
        prefix, _, rest = alert.key.partition(":")
        matter, _, severity = rest.rpartition(":")
        if prefix == PREFIX and severity in _SEVERITIES:
            self._note(matter, alert.severity)

    def file(self, notice: Notice) -> None:
        """Have it raised by the next ``send``, if it says anything new."""
        before = self._known.get(notice.matter)
        if notice.severity == "P4" or (before is not None and before <= notice.severity):
            return
        self._note(notice.matter, notice.severity)
        alert = Alert(
            key=f"{PREFIX}:{notice.matter}:{notice.severity}",
            kind="incident",
            severity=notice.severity,
            title=notice.title,
            body="\n".join(notice.lines),
            created_at=self._clock.now(),
            brand=notice.brand,
            incident=notice.incident,
        )
        self._unsent[alert.key] = (alert, notice.at)

    def rename(self, part: str, into: str) -> None:
        """Where incidents became one: what was raised about ``part`` was about ``into``."""
        for matter, severity in list(self._known.items()):
            if part in matter:
                other = matter.replace(part, into)
                self._note(other, min(severity, self._known.get(other, severity)))

    def drop_before(self, second: float) -> None:
        """Do not raise what was over before ``second``."""
        for key in [key for key, (_, at) in self._unsent.items() if at < second]:
            del self._unsent[key]

    async def send(self) -> None:
        """Raise everything filed; what fails stays filed. Raises what ``raise_alert`` raises."""
        for key, (alert, _) in tuple(self._unsent.items()):
            await self._raises.raise_alert(alert)
            self._unsent.pop(key, None)

    def _note(self, matter: str, severity: Severity) -> None:
        self._known[matter] = severity
        self._known.move_to_end(matter)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
