"""The way of an event from the durable inbox to a recorded decision.

Events of one conversation are decided in their order; different conversations side by side. A
batch is then watched for what spreads. What fails five times becomes a dead letter and holds up
nothing else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.errors import StoreError
from core.model.event_text import judged_text
from core.model.events import Event, EventKind, Received, unheard
from core.model.judgement import Judgement
from core.model.mentions import Mention
from core.model.outcomes import Outcome, Plan
from core.ports import Decider, Judge, Matcher, Moderator, SpreadMonitor
from core.repositories import Events
from core.runtime.bus import Bus

log = logging.getLogger(__name__)


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

    brands: tuple[str, ...]
    judgement: Judgement


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
        self._ended = ended or _nobody
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
            if not worked:
                await self._rest()

    async def step(self) -> int:
        """Process one batch; returns how many events it had."""
        self.idle.clear()
        try:
            return await self._work()
        finally:
            self.idle.set()

    async def _work(self) -> int:
        items = await self._parts.events.claim(self._batch)
        threads: dict[tuple[str, str], list[Received]] = {}
        for item in items:
            threads.setdefault((item.event.channel, item.event.conversation), []).append(item)
        known = await self._understand_together(items)
        recorded: list[Mention] = []
        ends = await asyncio.gather(
            *(self._in_order(thread, known, recorded) for thread in threads.values()),
            return_exceptions=True,  # else the others would go on beside the next batch
        )
        await self._watch(recorded)
        for end in ends:
            if end is not None:
                raise end
        return len(items)

    async def process(self, item: Received, known: Understood | None = None) -> Outcome | None:
        """match ► judge ► moderate ► decide ► record, for one event.

        Returns what was recorded; ``None`` for a withdrawal. ``known`` saves understanding twice.
        """
        parts, event = self._parts, item.event
        if event.kind is EventKind.DELETE:
            await parts.events.withdraw(item)
            return None
        if (reason := unheard(event.author)) is not None:
            return await self._drop(item, reason)
        brands = known.brands if known else parts.matcher.match(event)
        if not brands:
            return await self._drop(item, "no_brand")
        judgement = known.judgement if known else await self._judge(event)
        verdict = parts.moderator.inspect(event, judgement)
        if not verdict.allowed:
            return await self._drop(item, verdict.reason)
        mention = Mention(
            seq=item.seq,
            event=event,
            brands=brands,
            judgement=judgement,
            flags=verdict.flags,
            masked_text=verdict.masked_text,
        )
        plan = await parts.decider.decide(mention)
        outcome = Outcome(seq=item.seq, mention=mention, plan=plan)
        await parts.events.record([outcome])
        self._ended(item, outcome)
        self._tell(mention, plan)
        return outcome

    async def _judge(self, event: Event) -> Judgement:
        return (await self._parts.judge.judge([judged_text(event)]))[0]

    async def _drop(self, item: Received, reason: str) -> Outcome:
        outcome = Outcome(seq=item.seq, dropped=reason)
        await self._parts.events.record([outcome])
        self._ended(item, outcome)
        return outcome

    def _tell(self, mention: Mention, plan: Plan) -> None:
        self._bus.publish(mention)
        if plan.ticket is not None:
            self._bus.publish(plan.ticket)
        for reply in plan.replies:
            self._bus.publish(reply)

    async def _understand_together(self, items: Sequence[Received]) -> dict[int, Understood]:
        """Match and judge a batch in one call; what fails here is tried alone, and fails alone."""
        try:
            found = [
                (item, brands)
                for item in items
                if item.event.kind is not EventKind.DELETE
                and unheard(item.event.author) is None
                and (brands := self._parts.matcher.match(item.event))
            ]
            judgements = await self._parts.judge.judge([judged_text(one.event) for one, _ in found])
        except Exception:  # whichever text it was, the others must not suffer
            log.exception("understanding a batch failed, trying each event alone")
            return {}
        return {
            item.seq: Understood(brands=brands, judgement=judgement)
            for (item, brands), judgement in zip(found, judgements, strict=True)
        }

    async def _in_order(
        self, items: Sequence[Received], known: dict[int, Understood], recorded: list[Mention]
    ) -> None:
        for item in items:
            try:
                outcome = await self.process(item, known.get(item.seq))
            except StoreError:
                raise
            except Exception as error:  # any bug on any event: count it, go on with the next
                log.exception("processing failed", extra={"seq": item.seq})
                await self._fail(item, f"{type(error).__name__}: {error}")
                continue
            if outcome is not None and outcome.mention is not None:
                recorded.append(outcome.mention)

    async def _fail(self, item: Received, error: str) -> None:
        if await self._parts.events.fail(item.seq, error):
            log.error("dead letter", extra={"seq": item.seq})
            if self._died is not None:
                await self._died(item, error)

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

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(1.0):
                await self._wake.wait()
        except TimeoutError:
            return


def _nobody(_item: Received, _outcome: Outcome) -> None:
    """The default observer."""
