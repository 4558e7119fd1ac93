"""Send rates: 1 message a second per chat, 20 a minute per group, 30 a second in all.

Intervals start when Telegram has answered, so that they hold by its clock as well.

Source: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from core.clock import Clock

_CHAT_GAP: Final = 1.0
_GROUP: Final = 20
_GROUP_SECONDS: Final = 60.0
_OVERALL: Final = 30
_OVERALL_SECONDS: Final = 1.0
_GIVEN_UP: Final = 30.0
"""Seconds after its turn at which a message loses its place in the queue."""
_FORGET: Final = 120.0
_MOST_CHATS: Final = 5000


@dataclass(slots=True)
class _Chat:
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=_GROUP))
    """Times of the last messages, oldest first."""
    queue: dict[str, float] = field(default_factory=dict)
    """Keys of waiting messages in their order, with the time of their turn."""
    held_until: float = 0.0
    """Time until which Telegram has asked for a pause."""

    def last_used(self) -> float:
        return max([self.held_until, *self.sent, *self.queue.values()])


class SendRates:
    """Assigns each message its turn; a message that comes too early gets the time to come back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._chats: dict[int, _Chat] = {}
        self._sent: deque[float] = deque(maxlen=_OVERALL)
        self._held_until = 0.0

    def wait(self, chat: int, key: str) -> float:
        """Seconds until the message ``key`` may be sent to ``chat``; zero if it may be sent now.

        A waiting message keeps its place and comes back with the same key; messages to one chat are
        sent in the order in which they first came.
        """
        now = self._clock.monotonic()
        state = self._state(chat, now)
        state.queue = {
            other: due
            for other, due in state.queue.items()
            if other == key or due > now - _GIVEN_UP
        }
        place = list(state.queue).index(key) if key in state.queue else len(state.queue)
        due = self._turn(chat, state, place, now)
        if due > now:
            state.queue[key] = due
            return due - now
        state.queue.pop(key, None)
        return 0.0

    def overall(self) -> float:
        """Seconds until the next message to any chat may be sent; zero if it may be sent now."""
        if len(self._sent) < _OVERALL:
            return 0.0
        return max(0.0, self._sent[0] + _OVERALL_SECONDS - self._clock.monotonic())

    def sent(self, chat: int) -> None:
        """Note that Telegram has just answered a message to ``chat``."""
        now = self._clock.monotonic()
        self._state(chat, now).sent.append(now)
        self._sent.append(now)

    def hold(self, chat: int, key: str, seconds: float) -> None:
        """Pause ``chat`` for ``seconds``, as Telegram asked; then the message ``key`` goes first.

        If two chats are paused, the bot as a whole sends too much, and all chats are paused.
        """
        now = self._clock.monotonic()
        until = now + seconds
        if any(other.held_until > now for number, other in self._chats.items() if number != chat):
            self._held_until = max(self._held_until, until)
        state = self._state(chat, now)
        state.held_until = max(state.held_until, until)
        state.queue = {key: until} | {name: due for name, due in state.queue.items() if name != key}

    def summary(self) -> str:
        """Messages left in this second, for staff."""
        begin = self._clock.monotonic() - _OVERALL_SECONDS
        return f"{_OVERALL - sum(at > begin for at in self._sent)} of {_OVERALL}"

    def held(self) -> float:
        """Seconds until the last pause of a chat ends."""
        ends = [state.held_until for state in self._chats.values()]
        return max(0.0, max(ends, default=0.0) - self._clock.monotonic())

    def _turn(self, chat: int, state: _Chat, place: int, now: float) -> float:
        """Time at which the message at ``place`` of the queue may be sent."""
        soonest = max(now, state.held_until, self._held_until)
        times = list(state.sent)
        for _ in range(place + 1):
            due = soonest
            if times:
                due = max(due, times[-1] + _CHAT_GAP)
            if chat < 0 and len(times) >= _GROUP:
                due = max(due, times[-_GROUP] + _GROUP_SECONDS)
            times.append(due)
        return times[-1]

    def _state(self, chat: int, now: float) -> _Chat:
        if len(self._chats) >= _MOST_CHATS and chat not in self._chats:
            self._chats = {
                number: state
                for number, state in self._chats.items()
                if state.last_used() > now - _FORGET
            }
        return self._chats.setdefault(chat, _Chat())
