"""What every page and socket of the console works with, handed over once when it is built."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from cli.drill_score import DrillBoard
from console.access import Policy
from console.channels import Channels
from console.i18n import Lang
from console.ports import Regroups, WebChat
from core.bus import Bus
from core.clock import Clock
from core.health import Health
from core.repositories import Pauses, Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """The parts behind the console."""

    store: Store
    chat: WebChat | None
    """The web chat, if it is configured."""
    channels: Channels
    bus: Bus
    clock: Clock
    health: Callable[[], Sequence[Health]]
    """Every connector as it is now."""
    notify: Callable[[], None]
    """Called after a reply was put into the outbox."""
    language: Lang
    """For browsers that ask for neither Chinese nor English."""
    brand_name: str
    """Shown to shoppers."""
    brands: Mapping[str, str]
    """Brand.id to name."""
    policy: Policy
    pauses: Pauses
    """Where automatic replies are paused."""
    regroups: Regroups | None
    """Where incidents are merged and split; ``None`` where nothing watches for them."""
    drill: DrillBoard | None
    """The exercise that is going on, if this is one."""
    zone: tzinfo | None
    """In which times are shown; ``None`` is the machine's own."""
