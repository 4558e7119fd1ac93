"""What every connector is built from, beside its own settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.bus import Bus
from core.clock import Clock
from core.ports import Intake
from core.records import Alert


class Alarm(Protocol):
    """How a connector tells staff of what no event can say: a gap, a withdrawn permission."""

    async def raise_alert(self, alert: Alert) -> object:
        """Store the alert and pass it on; False where its key is already there."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """The same for all connectors of one process."""

    intake: Intake
    """Where pushed events are stored."""
    clock: Clock
    bus: Bus
    alarm: Alarm
    folder: Path
    """Relative paths in a connector's settings start here: the configuration's folder."""
