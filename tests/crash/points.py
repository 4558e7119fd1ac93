"""Named points before and after each step of an event, to stop a real process exactly there.

Nothing in the product knows of them. ``install`` wraps the ports from outside: whatever the
pipeline and the engine are handed, the methods behind its ports say when they are called and when
they return.

Usage: python -m tests.crash.points POINT ARGUMENTS...   kills itself at a point of ``run.py``
"""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import wraps
from signal import SIGKILL
from typing import Final

from core.connector import Connector, Sends
from core.model.events import Page
from core.model.outbox import Reply
from core.model.outcomes import Outcome
from core.repositories import Outbox
from core.runtime.engine import Engine
from core.runtime.pipeline import Pipeline, PipelineParts
from responders.alerting.manager import AlertManager

NAMES: Final = (
    "before-receive",
    "after-receive",
    "before-persist",
    "after-persist",
    "before-acknowledge",
    "after-acknowledge",
    "before-match",
    "after-match",
    "before-judge",
    "after-judge",
    "before-decide",
    "after-decide",
    "before-record",
    "before-ticket",
    "after-ticket",
    "after-record",
    "before-claim",
    "after-claim",
    "before-send",
    "after-send",
    "before-confirm",
    "after-confirm",
    "before-alert",
    "after-alert",
)

Reach = Callable[[str], None]
Undo = Callable[[], None]


def countdown(point: str, act: Callable[[], None]) -> Reach:
    """Calls ``act`` when ``point`` (``NAME``, or ``NAME:N`` for the Nth time) is reached.

    Raises ValueError for a name that is not in ``NAMES``.
    """
    name, _, number = point.partition(":")
    if name not in NAMES:
        raise ValueError(f"there is no point {name!r}; there are: {', '.join(NAMES)}")
    left = int(number or 1)

    def reach(reached: str) -> None:
        nonlocal left
        if reached == name:
            left -= 1
            if left == 0:
                act()

    return reach


def install(reach: Reach) -> Undo:
    """Call ``reach`` with the name of each point from now on, until the result is called."""
    points = _Points(reach)
    pipeline_begins, engine_begins = Pipeline.__init__, Engine.__init__

    @wraps(pipeline_begins)
    def pipeline(self: Pipeline, parts: PipelineParts, **others: object) -> None:
        points.wrap_parts(parts)
        pipeline_begins(self, parts, **others)  # type: ignore[arg-type]  # as it was called

    @wraps(engine_begins)
    def engine(
        self: Engine, *, outbox: Outbox, connectors: Sequence[Connector], **rest: object
    ) -> None:
        points.wrap_outbox(outbox)
        for connector in connectors:
            points.wrap_connector(connector)
        engine_begins(self, outbox=outbox, connectors=connectors, **rest)  # type: ignore[arg-type]  # as it was called

    points.replace(Pipeline, "__init__", pipeline)
    points.replace(Engine, "__init__", engine)
    points.around(AlertManager, "raise_alert", "alert")
    return points.undo


class _Points:
    """Replaces methods of classes, each once, and puts them back."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._replaced: dict[tuple[type, str], object] = {}

    def undo(self) -> None:
        for (owner, name), method in self._replaced.items():
            setattr(owner, name, method)

    def replace(self, owner: type, name: str, method: object) -> None:
        self._replaced[owner, name] = getattr(owner, name)
        setattr(owner, name, method)

    def wrap_parts(self, parts: PipelineParts) -> None:
        self.around(type(parts.events), "accept", "persist")
        self.around(type(parts.judge), "judge", "judge")
        self.around(type(parts.decider), "decide", "decide")
        self._wrap_match(type(parts.matcher))
        self._wrap_record(type(parts.events))

    def wrap_outbox(self, outbox: Outbox) -> None:
        self.around(type(outbox), "finish", "confirm")
        self._wrap_claim(type(outbox))

    def wrap_connector(self, connector: Connector) -> None:
        self._wrap_pages(type(connector))
        if isinstance(connector, Sends):
            self.around(type(connector), "send", "send")

    def around(self, owner: type, name: str, step: str) -> None:
        """Points before and after a coroutine method."""
        method: Callable[..., Awaitable[object]] = getattr(owner, name)

        @wraps(method)
        async def wrapped(*given: object, **named: object) -> object:
            self._reach(f"before-{step}")
            result = await method(*given, **named)
            self._reach(f"after-{step}")
            return result

        self._once(owner, name, wrapped)

    def _once(self, owner: type, name: str, method: object) -> None:
        if (owner, name) not in self._replaced:
            self.replace(owner, name, method)

    def _wrap_match(self, owner: type) -> None:
        method: Callable[..., object] = owner.match  # type: ignore[attr-defined]  # a Matcher

        @wraps(method)
        def match(*given: object) -> object:
            self._reach("before-match")
            result = method(*given)
            self._reach("after-match")
            return result

        self._once(owner, "match", match)

    def _wrap_record(self, owner: type) -> None:
        """Each point is reached once for each outcome of a call.

        An outcome that drops its event causes nothing, so it reaches no point.
        """
        method: Callable[..., Awaitable[None]] = owner.record  # type: ignore[attr-defined]  # Events

        @wraps(method)
        async def record(self_: object, outcomes: Sequence[Outcome]) -> None:
            plans = [one.plan for one in outcomes if one.plan is not None]
            for plan in plans:
                self._reach("before-record")
                if plan.ticket is not None:
                    self._reach("before-ticket")
            await method(self_, outcomes)
            for plan in plans:
                if plan.ticket is not None:
                    self._reach("after-ticket")
                self._reach("after-record")

        self._once(owner, "record", record)

    def _wrap_claim(self, owner: type) -> None:
        """The point after it is reached once for each reply that was claimed."""
        method: Callable[..., Awaitable[Sequence[Reply]]] = owner.claim  # type: ignore[attr-defined]  # Outbox

        @wraps(method)
        async def claim(*given: object) -> Sequence[Reply]:
            self._reach("before-claim")
            replies = await method(*given)
            for _ in replies:
                self._reach("after-claim")
            return replies

        self._once(owner, "claim", claim)

    def _wrap_pages(self, owner: type) -> None:
        """To ask for the next page is to acknowledge the last."""
        method: Callable[..., AsyncIterator[Page]] = owner.pages  # type: ignore[attr-defined]  # Connector

        @wraps(method)
        async def pages(self_: object, cursor: str | None) -> AsyncIterator[Page]:
            self._reach("before-receive")
            delivered = False
            async for page in method(self_, cursor):
                if delivered:
                    self._reach("after-acknowledge")
                self._reach("after-receive")
                yield page
                delivered = True
                self._reach("before-acknowledge")
                self._reach("before-receive")
            if delivered:
                self._reach("after-acknowledge")

        self._once(owner, "pages", pages)


def stop_at(point: str) -> None:
    """Have this process killed at a point, as ``countdown`` takes it."""
    install(countdown(point, lambda: os.kill(os.getpid(), SIGKILL)))


def main(point: str, *arguments: str) -> None:
    """``run.py`` with these arguments, in a process that is killed at a point."""
    import run

    stop_at(point)
    sys.argv = ["run.py", *arguments]
    run.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
