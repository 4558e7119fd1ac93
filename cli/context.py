"""What the commands work with, handed over by the composition root that builds it."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, Protocol, TypeVar

import typer

from cli.replay import AlertWork, Feed
from console.ports import Regroups, WebChat
from core.bus import Bus
from core.clock import Clock
from core.connector import Connector
from core.engine import Engine
from core.errors import InputError
from core.events import Event
from core.jobs import Job
from core.pipeline import Pipeline
from core.report import Stopwatch
from core.repositories import Pauses, Store
from core.settings import Settings

Port = Annotated[int | None, typer.Option(help="Instead of console.port; 0 takes a free one.")]
Report = Annotated[Path | None, typer.Option(help="Where to write the report (JSON).")]


class House(Protocol):
    """Every part, built and wired; only the store is open."""

    @property
    def store(self) -> Store: ...
    @property
    def pipeline(self) -> Pipeline: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def bus(self) -> Bus: ...
    @property
    def connectors(self) -> Sequence[Connector]: ...
    @property
    def chat(self) -> WebChat | None: ...
    @property
    def pauses(self) -> Pauses: ...
    @property
    def regroups(self) -> Regroups | None: ...
    @property
    def duties(self) -> Sequence[Job]: ...
    @property
    def alerts(self) -> AlertWork: ...
    @property
    def feed(self) -> Feed | None:
        """What is replayed, if anything is."""
        ...


class Plans(Protocol):
    """A configuration that was read whole, with everything it names."""

    @property
    def settings(self) -> Settings: ...


P = TypeVar("P", bound=Plans)


@dataclass(frozen=True, kw_only=True, slots=True)
class Feeding:
    """A feed that stands in for all channels."""

    file: Path
    speed: str
    replies: Path | None
    watch: Stopwatch


@dataclass(frozen=True, kw_only=True, slots=True)
class Drilling:
    """An exercise."""

    file: Path
    past: Path | None
    """A feed of what was said before, so that it is known what is usual."""
    speed: float
    url: str
    """Of its own store."""
    receivers: bool
    """Whether alerts go to the configured receivers, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop(Generic[P]):
    """How the composition root reads plans and builds houses from them."""

    example: Path
    """The configuration of the example."""
    clock: Clock
    read: Callable[[Path], P]
    """Raises ConfigError with every mistake there is."""
    read_today: Callable[[], P]
    """The plans of the example, with posts of today."""
    build: Callable[[P], AbstractAsyncContextManager[House]]
    build_apart: Callable[[P, str], AbstractAsyncContextManager[House]]
    """Over another store, at the URL that is given."""
    build_replay: Callable[[P, Feeding], AbstractAsyncContextManager[House]]
    build_drill: Callable[[P, Drilling], AbstractAsyncContextManager[House]]
    """A house of its own for an exercise."""
    scenario: Callable[[Path, float], tuple[Path, Path]]
    """Writes the example's scenario for a speed into a folder; returns its past and the file."""
    texts: Callable[[Path], Iterable[Event | InputError]]
    """The texts of a file to try out."""
