"""Builders and fakes of the moderation tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.model.events import Event, EventKind
from core.model.outbox import Reply, Target
from core.model.pauses import Pause
from tests.builders import event, reply
from tests.stubs import StubPauses


def message(text: str, *, kind: EventKind = EventKind.MESSAGE) -> Event:
    """A message of a shopper to the brand."""
    return event(text=text, kind=kind, channel="webchat", solicited=True)


def answer(
    text: str = "您好",
    *,
    public: bool = False,
    solicited: bool = True,
    channel: str = "weibo",
    conversation: str = "c",
    key: str = "k",
    **given: object,
) -> Reply:
    """A reply in private, or in public under the post ``p1``."""
    target = Target(
        channel=channel,
        conversation=conversation,
        reply_to="p1" if public else None,
        solicited=solicited,
    )
    return reply(key, **({"text": text, "target": target} | given))


@dataclass
class NoPauses(StubPauses):
    """Pauses in memory; none at first."""

    kept: dict[str, Pause] = field(default_factory=dict)

    async def all(self) -> Sequence[Pause]:
        return list(self.kept.values())

    async def save(self, pause: Pause) -> None:
        self.kept[pause.id] = pause

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        assert by
        return self.kept.pop(id, None) is not None


class PausedChannels:
    """Pauses channels by name, ``*`` for all of them."""

    def __init__(self, reasons: dict[str, str]) -> None:
        self._reasons = reasons

    async def pause_reason(self, reply: Reply) -> str | None:
        return self._reasons.get(reply.target.channel, self._reasons.get("*"))
