"""Named points on the way of an event, so that a test can stop a real process exactly there.

``reach`` costs one comparison while nobody observes.
"""

from collections.abc import Callable
from typing import Final

NAMES: Final = (
    "before-receive",
    "after-receive",
    "before-persist",
    "after-persist",
    "before-acknowledge",
    "after-acknowledge",
    "before-match",
    "after-match",
    "before-judge",
    "after-judge",
    "before-decide",
    "after-decide",
    "before-record",
    "before-ticket",
    "after-ticket",
    "after-record",
    "before-claim",
    "after-claim",
    "before-send",
    "after-send",
    "before-confirm",
    "after-confirm",
    "before-alert",
    "after-alert",
)

_observer: Callable[[str], None] | None = None


def reach(name: str) -> None:
    """Tell the observer, if there is one, that the point ``name`` of ``NAMES`` is reached."""
    if _observer is not None:
        _observer(name)


def observe(observer: Callable[[str], None] | None) -> None:
    """Call ``observer`` at every point from now on; ``None`` ends that."""
    global _observer  # noqa: PLW0603 - one process, one observer
    _observer = observer


def countdown(point: str, act: Callable[[], None]) -> Callable[[str], None]:
    """An observer that calls ``act`` when the Nth ``NAME`` of ``point`` (``NAME:N``) is reached.

    Raises ValueError for a name that is not in ``NAMES``.
    """
    name, _, number = point.partition(":")
    if name not in NAMES:
        raise ValueError(f"there is no point {name!r}; there are: {', '.join(NAMES)}")
    left = int(number or 1)

    def observer(reached: str) -> None:
        nonlocal left
        if reached == name:
            left -= 1
            if left == 0:
                act()

    return observer
