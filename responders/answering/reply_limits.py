"""What the machine said lately: against loops with other machines and against repeating itself.

Kept in memory and bounded; after a restart it begins anew, and the gate looks again at every send.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

_REMEMBERED: Final = 10_000

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How much the machine may say."""

    replies: int = 12
    """Automatic replies one author gets within ``seconds`` before a person takes over."""
    seconds: float = 600.0
    repeat_seconds: float = 90.0
    """For how long a text is not said again in one conversation."""


class Turns:
    """Remembers automatic replies by their keys; times are monotonic seconds.

    A decision that is made again, because the store failed to record it, is no second reply.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._authors: OrderedDict[Pair, dict[str, float]] = OrderedDict()
        """By channel and author: when each reply was planned."""
        self._texts: OrderedDict[Pair, dict[str, tuple[str, float]]] = OrderedDict()
        """By channel and conversation: each text with the key of its reply, and when."""

    def too_many(self, channel: str, author: str, key: str, now: float) -> bool:
        """True where this author has had as many other replies as one may get."""
        planned = self._authors.get((channel, author), {})
        late = [
            other for other, at in planned.items() if other != key and now - at < self._pace.seconds
        ]
        return len(late) >= self._pace.replies

    def said(self, channel: str, conversation: str, text: str, key: str, now: float) -> bool:
        """True where another reply said the text in this conversation a moment ago."""
        other, at = self._texts.get((channel, conversation), {}).get(text, (key, now))
        return other != key and now - at < self._pace.repeat_seconds

    def note(
        self, key: str, *, channel: str, author: str, conversation: str, text: str, now: float
    ) -> None:
        """Remember a reply."""
        planned = self._authors.setdefault((channel, author), {})
        for old in [old for old, at in planned.items() if now - at >= self._pace.seconds]:
            del planned[old]
        planned[key] = now
        texts = self._texts.setdefault((channel, conversation), {})
        for past in [
            past for past, (_, at) in texts.items() if now - at >= self._pace.repeat_seconds
        ]:
            del texts[past]
        texts[text] = (key, now)
        self._authors.move_to_end((channel, author))
        self._texts.move_to_end((channel, conversation))
        if len(self._authors) > _REMEMBERED:
            self._authors.popitem(last=False)
        if len(self._texts) > _REMEMBERED:
            self._texts.popitem(last=False)
