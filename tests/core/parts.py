"""Small honest implementations of the ports, kept in memory, with a ledger of what was asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.connector import Rejected, SendResult, Sent
from core.errors import StoreError
from core.model.decisions import Action, Decision
from core.model.events import Event, EventCounts, Page, Receipt, Received
from core.model.judgement import Judgement, Verdict
from core.model.mentions import Mention
from core.model.outbox import Reply, ReplyResult, Target
from core.model.outcomes import Outcome, Plan
from core.model.tickets import Ticket
from tests.builders import START, judgement, reply, ticket
from tests.stubs import StubEvents, StubOutbox


class MemoryInbox(StubEvents):
    """An inbox whose content a test can read; ``broken`` makes every write fail."""

    def __init__(self) -> None:
        self.waiting: dict[int, Received] = {}
        self.outcomes: list[Outcome] = []
        self.withdrawn: list[str] = []
        self.dead: list[tuple[int, str]] = []
        self.pages: list[Page] = []
        self.cursors: dict[str, str] = {}
        self.broken = 0
        self.full_after: int | None = None
        self.record_calls: list[list[int]] = []
        self.unrecordable: dict[int, Exception] = {}
        """Raised where the event is among those to record, by its seq."""
        self._keys: set[tuple[str, str, int]] = set()

    async def accept(self, connector: str, page: Page) -> Receipt:
        self._maybe_break()
        unique = {(item.channel, item.id, item.revision): item for item in page.events}
        new = [item for key, item in unique.items() if key not in self._keys]
        for item in new:
            self._keys.add((item.channel, item.id, item.revision))
            seq = len(self._keys)
            self.waiting[seq] = Received(seq=seq, event=item, attempts=0, received_at=START)
        self.pages.append(page)
        if page.cursor is not None:
            self.cursors[connector] = page.cursor
        return Receipt(
            accepted=len(new),
            duplicates=len(page.events) - len(new),
            rejected=len(page.rejects),
        )

    async def cursor(self, connector: str) -> str | None:
        return self.cursors.get(connector)

    async def claim(self, limit: int) -> Sequence[Received]:
        self._maybe_break()
        return [self.waiting[seq] for seq in sorted(self.waiting)[:limit]]

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        self._maybe_break()
        self.record_calls.append([outcome.seq for outcome in outcomes])
        for outcome in outcomes:
            if outcome.seq in self.unrecordable:
                raise self.unrecordable[outcome.seq]
        for outcome in outcomes:
            self.waiting.pop(outcome.seq, None)
            self.outcomes.append(outcome)

    async def withdraw(self, item: Received) -> None:
        self.waiting.pop(item.seq, None)
        self.withdrawn.append(item.event.id)

    async def fail(self, seq: int, error: str, *, tries: int = 5) -> bool:
        item = self.waiting.get(seq)
        if item is None:
            return False
        self.waiting[seq] = replace(item, attempts=item.attempts + 1)
        if item.attempts + 1 < tries:
            return False
        del self.waiting[seq]
        self.dead.append((seq, error))
        return True

    async def counts(self) -> EventCounts:
        return EventCounts(
            received=len(self._keys),
            done=len(self.outcomes),
            pending=len(self.waiting),
            dead=len(self.dead),
            dropped={},
        )

    def _maybe_break(self) -> None:
        if self.broken:
            self.broken -= 1
            raise StoreError("the disk is on fire")


class WordMatcher:
    """Matches what contains 禾家; refuses to read what contains 毒."""

    def match(self, event: Event) -> tuple[str, ...]:
        if "毒匹配" in event.text:
            raise ValueError("cannot match this")
        return ("hejia",) if "禾家" in event.text else ()


@dataclass
class CountingJudge:
    """Judges everything alike and notes how large each call was; fails on 毒判断."""

    calls: list[int] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)

    async def judge(self, texts: Sequence[str]) -> Sequence[Judgement]:
        self.calls.append(len(texts))
        self.texts.update(texts)
        if any("毒判断" in text for text in texts):
            raise ValueError("cannot judge this")
        return [judgement() for _ in texts]


class SpamModerator:
    """Drops what contains 广告."""

    def inspect(self, event: Event, judgement: Judgement) -> Verdict:
        return Verdict(allowed="广告" not in event.text, reason="spam", masked_text=event.text)


@dataclass
class PlanDecider:
    """Answers everything with a reply and a ticket; notes the order."""

    seen: list[str] = field(default_factory=list)
    plain: bool = False
    broken: dict[str, Exception] = field(default_factory=dict)
    """Raised for the event with this id."""

    async def decide(self, mention: Mention) -> Plan:
        self.seen.append(mention.event.id)
        if mention.event.id in self.broken:
            raise self.broken[mention.event.id]
        decision = Decision(action=Action.TICKET, rule="r", reason="because")
        if self.plain:
            return Plan(decision=decision)
        return Plan(decision=decision, ticket=ticket(), replies=(reply(),))


@dataclass
class SeenSpread:
    """Notes what was observed; fails on one of them if it is told to."""

    seen: list[int] = field(default_factory=list)
    fails_on: int | None = None
    error: Exception = field(default_factory=lambda: ValueError("cannot watch this"))
    seconds: float = 0.0
    """Seconds that it takes for each."""

    async def observe(self, mention: Mention) -> None:
        await asyncio.sleep(self.seconds)
        if mention.seq == self.fails_on:
            raise self.error
        self.seen.append(mention.seq)


class MemoryOutbox(StubOutbox):
    """An outbox of given replies; ``finished`` tells how each ended."""

    def __init__(self, *replies: Reply, doubtful: Sequence[Reply] = ()) -> None:
        self._waiting = list(replies)
        self._doubtful = list(doubtful)
        self.finished: list[Reply] = []
        self.tickets: list[Ticket] = []
        self.ended: list[str] = []
        """Keys of the replies that ended their conversation."""
        self.broken = 0

    def enqueue(self, reply: Reply) -> None:
        self._waiting.append(reply)

    async def claim(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        if self.broken:
            self.broken -= 1
            raise StoreError("the disk is on fire")
        taken = [one for one in self._waiting if one.target.channel == channel][:limit]
        self._waiting = [one for one in self._waiting if one not in taken]
        return taken

    async def waiting_channels(self) -> Sequence[str]:
        return sorted({one.target.channel for one in (*self._waiting, *self._doubtful)})

    async def in_doubt(self, channel: str) -> Sequence[Reply]:
        keys = {one.key for one in self.finished}
        self._doubtful = [one for one in self._doubtful if one.key not in keys]
        return [one for one in self._doubtful if one.target.channel == channel]

    async def finish(self, results: Sequence[ReplyResult]) -> Sequence[Reply]:
        done = [
            replace(
                reply(one.key),
                state=one.state,
                native_id=one.native_id,
                reason=one.reason,
                not_before=one.not_before,
            )
            for one in results
        ]
        self.finished += done
        self.tickets += [one.ticket for one in results if one.ticket is not None]
        self.ended += [one.key for one in results if one.ends_conversation]
        return done


class Forbids:
    """A gate that lets through whatever does not contain 禁."""

    async def check(self, reply: Reply) -> Verdict:
        return Verdict(allowed="禁" not in reply.text, reason="banned")


@dataclass
class Desk:
    """Gives every doubtful reply a ticket."""

    open: Ticket | None = None
    """The ticket that is owed already."""

    async def ticket_for(self, reply: Reply, reason: str) -> Ticket:
        return ticket()

    async def owed(self, reply: Reply) -> Ticket | None:
        return self.open


@dataclass
class Wire:
    """A platform that answers as told and keeps a ledger of what it was asked to send."""

    result: SendResult | Exception = field(default_factory=lambda: Sent(native_id="n1"))
    sent: list[str] = field(default_factory=list)

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        self.sent.append(key)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@dataclass
class ReadableWire(Wire):
    """A platform that can also be asked what it has taken."""

    found: str | Exception | None = None

    async def find_sent(self, target: Target, text: str, key: str) -> str | None:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@dataclass
class PacedWire(Wire):
    """A platform that takes nothing for a while."""

    seconds: float = 0.0

    def pause(self) -> float:
        return self.seconds


NEVER = Rejected(reason="blocked")
