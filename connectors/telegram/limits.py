"""How fast a bot may send: one message a second in a chat, 20 a minute in a group, 30 a second.

Each gap is counted from the moment the platform had answered, so that its clock sees it as well.
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
"""Who has not come back this long after its turn does not come any more."""
_FORGET: Final = 120.0
_MOST_CHATS: Final = 5000


@dataclass(slots=True)
class _Chat:
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=_GROUP))
    """When the last messages were sent, oldest first."""
    queue: dict[str, float] = field(default_factory=dict)
    """Keys of the messages that were told to wait, in their order, and until when."""
    held_until: float = 0.0
    """The platform has asked for silence until then."""

    def last_used(self) -> float:
        return max([self.held_until, *self.sent, *self.queue.values()])


class SendRates:
    """Gives each message its turn; one that comes too early is told when to come back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._chats: dict[int, _Chat] = {}
        self._sent: deque[float] = deque(maxlen=_OVERALL)
        self._held_until = 0.0

    def wait(self, chat: int, key: str) -> float:
        """Seconds until the message ``key`` may go to ``chat``; zero means now.

        Who is told to wait keeps its place and comes back then with the same key; messages to one
        chat go in the order in which they first came.
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
        """Seconds until the next message to any chat may go; zero means now."""
        if len(self._sent) < _OVERALL:
            return 0.0
        return max(0.0, self._sent[0] + _OVERALL_SECONDS - self._clock.monotonic())

    def sent(self, chat: int) -> None:
        """A message to ``chat`` was answered by the platform just now."""
        now = self._clock.monotonic()
        self._state(chat, now).sent.append(now)
        self._sent.append(now)

    def hold(self, chat: int, key: str, seconds: float) -> None:
        """The platform asks to leave ``chat`` alone; ``key``, which it sent back, goes first then.

        While two chats are held it is the bot that sends too much, and all of them are.
        """
        now = self._clock.monotonic()
        until = now + seconds
        if any(other.held_until > now for number, other in self._chats.items() if number != chat):
            self._held_until = max(self._held_until, until)
        state = self._state(chat, now)
        state.held_until = max(state.held_until, until)
        state.queue = {key: until} | {name: due for name, due in state.queue.items() if name != key}

    def spoken(self) -> str:
        """For staff: how many of the messages of one second are left."""
        begin = self._clock.monotonic() - _OVERALL_SECONDS
        return f"{_OVERALL - sum(at > begin for at in self._sent)} of {_OVERALL}"

    def held(self) -> float:
        """For how many seconds at least one chat is still held by the platform."""
        ends = [state.held_until for state in self._chats.values()]
        return max(0.0, max(ends, default=0.0) - self._clock.monotonic())

    def _turn(self, chat: int, state: _Chat, place: int, now: float) -> float:
        """When the message at ``place`` of the queue may go, if all before it go in time."""
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
