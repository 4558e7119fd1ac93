"""All moving parts together: reads every connector, works the pipeline, sends every reply."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from core.clock import Clock
from core.connector import Connector, Rejected, SendResult, Sends, TakesIdempotencyKey
from core.model.health import Health
from core.model.outbox import Reply, ReplyState, Target
from core.ports import Gate, UndeliveredReplies
from core.repositories import Events, Outbox
from core.runtime.bus import Bus
from core.runtime.dispatch import Dispatcher
from core.runtime.intake import EventIntake, Supervisor
from core.runtime.pipeline import Pipeline


class NoSender:
    """Stands for channels that nothing can send on, so that a person hears of their replies."""

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        return Rejected(reason=f"no configured channel is named {target.channel!r}")


class Engine:
    """Runs until it is cancelled; ``settled`` tells when there is nothing left to do."""

    def __init__(
        self,
        *,
        pipeline: Pipeline,
        intake: EventIntake,
        events: Events,
        outbox: Outbox,
        gate: Gate,
        undelivered: UndeliveredReplies,
        connectors: Sequence[Connector],
        clock: Clock,
        bus: Bus,
        random: Callable[[], float],
        fallback: str | None = None,
        workers: Sequence[Callable[[], Coroutine[None, None, None]]] = (),
    ) -> None:
        """``fallback`` names the connector that sends for channels no connector is named after.

        ``workers`` run beside the connectors; one that raises ends the engine.
        """
        self._pipeline = pipeline
        self._events = events
        self._outbox = outbox
        self._gate = gate
        self._undelivered = undelivered
        self._connectors = connectors
        self._clock = clock
        self._bus = bus
        self._senders = {c.name: c for c in connectors if isinstance(c, Sends)}
        self._resend = {c.name: isinstance(c, TakesIdempotencyKey) for c in connectors}
        self._fallback = fallback
        self._workers = tuple(workers)
        self._dispatchers: dict[str, Dispatcher] = {}
        self.supervisors = [
            Supervisor(c, events=events, intake=intake, clock=clock, bus=bus, random=random)
            for c in connectors
        ]

    def health(self) -> Sequence[Health]:
        """Health of each connector, in the order of the configuration."""
        return [supervisor.health for supervisor in self.supervisors]

    def wake(self) -> None:
        """Say that there may be something to do, in the inbox or in any outbox."""
        self._pipeline.wake()
        for dispatcher in self._dispatchers.values():
            dispatcher.wake()

    async def run(self) -> None:
        """Work until cancelled, then close every connector."""
        replies = self._bus.subscribe(10_000)
        try:
            async with asyncio.TaskGroup() as tasks:
                for name in {*self._senders, *await self._outbox.waiting_channels()}:
                    self._dispatch(name, tasks)
                tasks.create_task(self._pipeline.run())
                for worker in self._workers:
                    tasks.create_task(worker())
                for supervisor in self.supervisors:
                    tasks.create_task(supervisor.run())
                async for change in replies:
                    if isinstance(change, Reply) and change.state is ReplyState.PENDING:
                        self._dispatch(change.target.channel, tasks).wake()
        finally:
            replies.close()
            for connector in self._connectors:
                await connector.close()

    async def settled(self) -> None:
        """Return once every connector has ended, every event and every due reply is done."""
        while not (
            all(s.health.status in ("finished", "refused") for s in self.supervisors)
            and (await self._events.counts()).pending == 0
            and self._pipeline.idle.is_set()
            and not await self._outbox.waiting_channels()
        ):
            await asyncio.sleep(0.05)

    def _dispatch(self, channel: str, tasks: asyncio.TaskGroup) -> Dispatcher:
        if channel not in self._dispatchers:
            through = channel if channel in self._senders else self._fallback
            dispatcher = Dispatcher(
                channel,
                NoSender() if through is None else self._senders[through],
                outbox=self._outbox,
                gate=self._gate,
                undelivered=self._undelivered,
                clock=self._clock,
                bus=self._bus,
                resend=through is not None and self._resend[through],
            )
            self._dispatchers[channel] = dispatcher
            tasks.create_task(dispatcher.run())
        return self._dispatchers[channel]
