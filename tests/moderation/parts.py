"""Builders and fakes of the moderation tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.events import Author, Event, EventKind
from core.judgement import Judgement, Probabilities
from core.outbox import Reply, ReplyState, Target
from core.pauses import Pause
from tests.stubs import StubPauses

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def event(text: str, *, kind: EventKind = EventKind.MESSAGE) -> Event:
    return Event(
        channel="webchat",
        id="1",
        kind=kind,
        author=Author(id="a"),
        text=text,
        posted_at=START,
        conversation="c",
        solicited=True,
    )


def judgement(
    *,
    intent: str = "statement",
    complaint: float = 0.05,
    spam: float = 0.0,
    offensive: float = 0.0,
    risk: tuple[str, ...] = (),
) -> Judgement:
    return Judgement(
        language="zh",
        sentiment="neutral",
        probabilities=Probabilities(negative=0.1, neutral=0.8, positive=0.1),
        complaint=complaint,
        intent=intent,
        spam=spam,
        offensive=offensive,
        risk=risk,
    )


def reply(
    text: str = "您好",
    *,
    key: str = "k",
    by: str = "bot",
    public: bool = False,
    solicited: bool = True,
    channel: str = "weibo",
    conversation: str = "c",
) -> Reply:
    return Reply(
        key=key,
        target=Target(
            channel=channel,
            conversation=conversation,
            reply_to="p1" if public else None,
            solicited=solicited,
        ),
        text=text,
        state=ReplyState.SENDING,
        language="zh",
        by=by,
        created_at=START,
    )


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
