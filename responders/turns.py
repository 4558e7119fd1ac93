"""What the machine said lately: against loops with other machines and against repeating itself.

Kept in memory and bounded; after a restart it begins anew, and the gate looks again at every send.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

_REMEMBERED: Final = 10_000

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How much the machine may say."""

    replies: int = 12
    """Automatic replies one author gets within ``seconds`` before a person takes over."""
    seconds: float = 600.0
    repeat_seconds: float = 90.0
    """For how long a text is not said again in one conversation."""


class Turns:
    """Remembers automatic replies; times are monotonic seconds."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._authors: OrderedDict[Key, deque[float]] = OrderedDict()
        self._texts: OrderedDict[Key, dict[str, float]] = OrderedDict()

    def too_many(self, channel: str, author: str, now: float) -> bool:
        """True where this author has had as many replies as one may get."""
        times = self._authors.get((channel, author), deque())
        while times and now - times[0] >= self._pace.seconds:
            times.popleft()
        return len(times) >= self._pace.replies

    def said(self, channel: str, conversation: str, text: str, now: float) -> bool:
        """True where the text was said in this conversation a moment ago."""
        at = self._texts.get((channel, conversation), {}).get(text)
        return at is not None and now - at < self._pace.repeat_seconds

    def note(self, channel: str, author: str, conversation: str, text: str, now: float) -> None:
        """Remember a reply."""
        times = self._authors.setdefault((channel, author), deque(maxlen=self._pace.replies))
        times.append(now)
        texts = self._texts.setdefault((channel, conversation), {})
        for old in [old for old, at in texts.items() if now - at >= self._pace.repeat_seconds]:
            del texts[old]
        texts[text] = now
        self._authors.move_to_end((channel, author))
        self._texts.move_to_end((channel, conversation))
        for memory in (self._authors, self._texts):
            if len(memory) > _REMEMBERED:
                memory.popitem(last=False)
