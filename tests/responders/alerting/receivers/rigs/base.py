"""The port of the other end, and a receiver built as the product builds it."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import ClassVar

import aiohttp

from cli.catalogue import shipped_catalogue
from core.clock import Clock, ManualClock
from core.localized import UiLanguage
from core.settings import AlertSettings
from responders.alerting.delivery import Receiver
from responders.alerting.receivers.kind import ReceiverContext
from responders.alerting.receivers.message import MessageFormat
from responders.alerting.receivers.registry import build_receivers
from tests.builders import START

HOSTILE = (
    'a\x00b\ud83d\u202e<at user_id="all"></at> <!channel> <@all> [点我](http://evil.example/x)'
    " **粗** `x` # 标题\n> 引用 @所有人 & ![i](https://e.example/i.png)"
)


class ReceiverRig(ABC):
    """The other end of one receiver; checks signature, size and rate itself, as the real one."""

    for_people: ClassVar[bool] = True
    """False where programs read what arrives, so that nothing in it is escaped."""

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, object]:
        """Configuration of a receiver that reaches this rig, besides name and type."""

    @property
    @abstractmethod
    def secrets(self) -> Sequence[str]:
        """Strings that must appear neither in a message nor in an error."""

    @abstractmethod
    def serving(self) -> AbstractAsyncContextManager[None]:
        """Accept connections; ``settings`` are valid from the start to some time after the end."""

    @abstractmethod
    def shown(self) -> Sequence[str]:
        """The text of each message that was accepted, as its reader gets it."""

    @property
    @abstractmethod
    def keys(self) -> Sequence[str] | None:
        """The idempotency key of each message; ``None`` where the platform has none."""

    @abstractmethod
    def refuse_next(self) -> None:
        """Answer the next message as one that will never be accepted."""

    @abstractmethod
    def be_busy_next(self) -> None:
        """Answer the next message as one that would be accepted later."""

    @property
    def over_limit(self) -> int:
        """Messages that came faster than the platform allows."""
        return 0


def rig_of(kind: str) -> Callable[[Clock], ReceiverRig]:
    """The rig of a kind of receiver, found by its name."""
    found: Callable[[Clock], ReceiverRig] = import_module(f"{__package__}.{kind}_rig").RIG
    return found


def context(
    session: aiohttp.ClientSession, clock: Clock, language: UiLanguage = "zh"
) -> ReceiverContext:
    return ReceiverContext(
        format=MessageFormat(
            catalogue=shipped_catalogue(),
            language=language,
            resolve_after=timedelta(hours=6),
            brand_names=(("hejia", "禾家超市"),),
        ),
        session=session,
        clock=clock,
    )


@dataclass
class Bench:
    """A receiver, and the rig that it reaches."""

    kind: str
    rig: ReceiverRig
    clock: ManualClock
    session: aiohttp.ClientSession

    def receiver(self, *, language: UiLanguage = "zh", **changes: object) -> Receiver:
        """A receiver of the registry; ``changes`` are made to its settings."""
        entry = {"name": self.kind, "type": self.kind, **self.rig.settings, **changes}
        settings = AlertSettings.model_validate({"receivers": [entry]})
        [built] = build_receivers(settings, context(self.session, self.clock, language))
        return built


@asynccontextmanager
async def open_bench(kind: str) -> AsyncIterator[Bench]:
    clock = ManualClock(START)
    rig = rig_of(kind)(clock)
    async with rig.serving(), aiohttp.ClientSession() as session:
        yield Bench(kind=kind, rig=rig, clock=clock, session=session)
