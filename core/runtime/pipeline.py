"""The way of an event from the durable inbox to a recorded decision.

Events of one conversation are decided in their order; different conversations side by side. A
batch is then watched for what spreads. What fails five times becomes a dead letter and holds up
nothing else.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from core.connector import Connector
from core.errors import StoreError
from core.model.decisions import Action, Decision
from core.model.event_text import judged_text
from core.model.events import EventKind, Received, unheard
from core.model.judgement import Judgement
from core.model.mentions import Mention
from core.model.outcomes import Outcome, Plan
from core.ports import Decider, Judge, Matcher, Moderator, SpreadMonitor
from core.repositories import Events
from core.runtime.bus import Bus

log = logging.getLogger(__name__)
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineParts:
    """The ports of the pipeline."""

    events: Events
    matcher: Matcher
    judge: Judge
    moderator: Moderator
    decider: Decider
    spread: SpreadMonitor


@dataclass(frozen=True, kw_only=True, slots=True)
class Understood:
    """Result of matching and judging an event."""

    brands: tuple[str, ...] = ()
    judgement: Judgement | None = None
    """``None`` where it is dropped unjudged."""
    dropped: str = ""
    """The reason."""


class Pipeline:
    """Takes events out of the inbox and records what became of each."""

    def __init__(
        self,
        parts: PipelineParts,
        *,
        bus: Bus,
        batch: int = 256,
        ended: Callable[[Received, Outcome], None] | None = None,
        died: Callable[[Received, str], Awaitable[object]] | None = None,
    ) -> None:
        """``ended`` is called after the end of an event is durable, done or dropped.

        ``died`` is called with every event that became a dead letter, and its last error.
        """
        self._died = died
        self._ended = ended
        self._parts = parts
        self._bus = bus
        self._batch = batch
        self._wake = asyncio.Event()
        self.idle = asyncio.Event()
        """Set while nothing that was taken out of the inbox is worked on or watched."""
        self.idle.set()

    def wake(self) -> None:
        """Claim events now."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled; claims events each second even without ``wake``."""
        while True:
            self._wake.clear()
            try:
                worked = await self.step()
            except StoreError as error:
                log.error("the store failed, trying again in a second", extra={"error": str(error)})
                worked = 0
            if worked < self._batch:  # no more events were due
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await self._wake.wait()

    async def step(self) -> int:
        """Process one batch; returns how many events it had.

        Raises StoreError once everything that could be stored is, and was watched.
        """
        self.idle.clear()
        try:
            items = await self._parts.events.claim(self._batch)
            known: Mapping[int, Understood] = {}
            try:
                known = await self._understand(items)
            except Exception:  # whichever text it was, the others must not suffer
                log.exception("understanding a batch failed, trying each event alone")
            waiting: dict[tuple[str, str], deque[Received]] = {}
            for item in items:
                thread = (item.event.channel, item.event.conversation)
                waiting.setdefault(thread, deque()).append(item)
            mentions: list[Mention] = []
            failed: list[StoreError] = []
            while waiting:
                heads = {name: thread.popleft() for name, thread in waiting.items()}
                ends = await self._decide_together(list(heads.values()), known)
                for name, end in zip(heads, ends, strict=True):
                    if isinstance(end, StoreError):
                        failed.append(end)
                        del waiting[name]  # the next must not be decided before this one
                    elif end is not None and end.mention is not None:
                        mentions.append(end.mention)
                waiting = {name: thread for name, thread in waiting.items() if thread}
            await self._watch(mentions)
            if failed:
                raise failed[0]
            return len(items)
        finally:
            self.idle.set()

    async def process(self, item: Received) -> Outcome | None:
        """match ► judge ► moderate ► decide ► record, for one event.

        Returns what was recorded; ``None`` for a withdrawal.
        """
        outcome = await self._decide(item, {})
        return None if outcome is None else await self._record(item, outcome)

    async def _understand(self, items: Sequence[Received]) -> dict[int, Understood]:
        """Match and judge events in one call; deletions are left out."""
        found: dict[int, Understood] = {}
        matched: list[tuple[Received, tuple[str, ...]]] = []
        for item in items:
            if item.event.kind is EventKind.DELETE:
                continue
            if (reason := unheard(item.event.author)) is not None:
                found[item.seq] = Understood(dropped=reason)
            elif brands := self._parts.matcher.match(item.event):
                matched.append((item, brands))
            else:
                found[item.seq] = Understood(dropped="no_brand")
        judgements = await self._parts.judge.judge([judged_text(one.event) for one, _ in matched])
        for (item, brands), judgement in zip(matched, judgements, strict=True):
            found[item.seq] = Understood(brands=brands, judgement=judgement)
        return found

    async def _decide_together(
        self, items: Sequence[Received], known: Mapping[int, Understood]
    ) -> list[Outcome | StoreError | None]:
        """Decide events of different conversations side by side, and record them in one call.

        So the next event of each conversation finds what was decided about the one before. Returns
        what was recorded of each event; ``None`` where it was withdrawn or has failed.
        """
        ends = await asyncio.gather(
            *(self._alone(item, self._decide(item, known)) for item in items)
        )
        decided = [
            (item, end) for item, end in zip(items, ends, strict=True) if isinstance(end, Outcome)
        ]
        if len(decided) > 1:
            try:
                await self._parts.events.record([end for _, end in decided])
            except Exception as error:  # whichever it was, the others must not suffer
                log.warning("recording a batch failed, trying each event alone", exc_info=error)
            else:
                for item, end in decided:
                    self._announce(item, end)
                return ends
        alone = (self._alone(item, self._record(item, end)) for item, end in decided)
        recorded = dict(zip((i.seq for i, _ in decided), await asyncio.gather(*alone), strict=True))
        return [recorded.get(item.seq, end) for item, end in zip(items, ends, strict=True)]

    async def _alone(self, item: Received, work: Awaitable[R]) -> R | StoreError | None:
        """The result of work on an event; any bug is counted as a failure of this event alone."""
        try:
            try:
                return await work
            except StoreError:
                raise
            except Exception as error:
                await self._fail(item, error)
                return None
        except StoreError as error:
            return error

    async def _decide(self, item: Received, known: Mapping[int, Understood]) -> Outcome | None:
        """match ► judge ► moderate ► decide; ``known`` saves understanding twice."""
        parts, event, seq = self._parts, item.event, item.seq
        if event.kind is EventKind.DELETE:
            await parts.events.withdraw(item)
            return None
        understood = known.get(seq) or (await self._understand([item]))[seq]
        if understood.judgement is None:
            return Outcome(seq=seq, dropped=understood.dropped)
        verdict = parts.moderator.inspect(event, understood.judgement)
        if not verdict.allowed:
            return Outcome(seq=seq, dropped=verdict.reason)
        mention = Mention(
            seq=seq,
            event=event,
            brands=understood.brands,
            judgement=understood.judgement,
            flags=verdict.flags,
            masked_text=verdict.masked_text,
        )
        return Outcome(seq=seq, mention=mention, plan=await parts.decider.decide(mention))

    async def _record(self, item: Received, outcome: Outcome) -> Outcome:
        await self._parts.events.record([outcome])
        self._announce(item, outcome)
        return outcome

    def _announce(self, item: Received, outcome: Outcome) -> None:
        """Tell of a stored end of an event."""
        if self._ended is not None:
            self._ended(item, outcome)
        if outcome.mention is not None:
            self._bus.publish(outcome.mention)
        if outcome.plan is not None:
            if outcome.plan.ticket is not None:
                self._bus.publish(outcome.plan.ticket)
            for reply in outcome.plan.replies:
                self._bus.publish(reply)

    async def _fail(self, item: Received, error: Exception) -> None:
        log.error("processing failed", extra={"seq": item.seq}, exc_info=error)
        reason = f"{type(error).__name__}: {error}"
        if await self._parts.events.fail(item.seq, reason):
            log.error("dead letter", extra={"seq": item.seq})
            if self._died is not None:
                await self._died(item, reason)

    async def _watch(self, mentions: Sequence[Mention]) -> None:
        """Show what was recorded to the watch over spread, in the order in which it was posted.

        What a crash keeps from it here, it finds in the store at the next start.
        """
        for mention in sorted(mentions, key=lambda one: (one.event.posted_at, one.seq)):
            try:
                await self._parts.spread.observe(mention)
            except StoreError:
                raise
            except Exception:  # the mention is recorded; the next one must not suffer
                log.exception("watching failed", extra={"seq": mention.seq})


_LET_BE: Final = Plan(decision=Decision(action=Action.IGNORE, rule="past", reason=""))


class LetBe:
    """A decider that does nothing about anything."""

    async def decide(self, mention: Mention) -> Plan:
        return _LET_BE


async def take_in(past: Connector, parts: PipelineParts) -> int:
    """Record and watch all that ``past`` has, telling nobody; returns how many events it had.

    So it is known what is usual before something unusual is played.

    Raises what ``past.pages`` and the store raise.
    """
    pipeline = Pipeline(replace(parts, decider=LetBe()), bus=Bus())
    taken = 0
    async for page in past.pages(None):
        await parts.events.accept(past.name, page)
        while worked := await pipeline.step():
            taken += worked
    return taken
