"""The contract of a connector: what every channel does, and abilities that only some have.

A connector has an ability by having its method; abilities are tested with ``isinstance``.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from core.model.cards import StaffBoard
from core.model.events import Metrics, Page
from core.model.outbox import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """The platform has taken the reply."""

    native_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryAt:
    """The platform has not acted; try again at ``at``."""

    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """The platform will never take this reply."""

    reason: str
    ends_conversation: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """The platform may have acted."""

    reason: str


SendResult = Sent | RetryAt | Rejected | Unknown


class Connector(Protocol):
    """One channel."""

    @property
    def name(self) -> str:
        """The configured name; unique."""
        ...

    def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """Pages that the platform delivers after ``cursor``, without end or until there is no more.

        The next page is asked for only after the last one is stored. Raises Unavailable to be
        started again later and Refused to stay stopped until a person acts.
        """
        ...

    async def close(self) -> None:
        """Give back every resource; may be called twice."""
        ...


@runtime_checkable
class Sends(Protocol):
    """A connector that can reply."""

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """Send once. Whatever leaves open whether the platform acted is Unknown."""
        ...


@runtime_checkable
class TakesIdempotencyKey(Protocol):
    """A connector whose platform drops a repeated ``send`` by its key.

    A reply in doubt is sent again there; elsewhere it is read back or given to a person.
    """

    @property
    def idempotent_send(self) -> Literal[True]: ...


@runtime_checkable
class ReadsBack(Protocol):
    """A connector that can look whether it has sent something."""

    async def find_sent(self, target: Target, text: str, key: str) -> str | None:
        """Native id of the reply, or ``None`` if the platform never took it."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PushRequest:
    """An HTTP request a platform made to us."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class PushResponse:
    """The response."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@runtime_checkable
class HandlesHttp(Protocol):
    """A connector that platforms push to."""

    async def handle_http(self, request: PushRequest) -> PushResponse:
        """Verify, persist, and only then answer."""
        ...


@runtime_checkable
class ScreensHttp(Protocol):
    """A connector that can refuse a request by its head alone."""

    def screen(self, request: PushRequest) -> PushResponse | None:
        """The refusal of a request whose body was not read yet; ``None`` to read it."""
        ...


@runtime_checkable
class ReadsEngagement(Protocol):
    """A connector that can read figures."""

    async def fetch_engagement(self, ids: Sequence[str]) -> Mapping[str, Metrics | None]:
        """Figures by native id; ``None`` for what is gone. Missing ids were not answered."""
        ...


@runtime_checkable
class ChecksCredentials(Protocol):
    """A connector whose credential can be tried."""

    async def check(self) -> tuple[str, ...]:
        """Ask the platform who we are; one fact a line on what the credential may do.

        Stores and sends nothing. Raises Refused with the remedy, or Unavailable.
        """
        ...


@runtime_checkable
class HasStaffBoard(Protocol):
    """A connector that may have a group of staff beside its shoppers."""

    @property
    def board(self) -> StaffBoard | None:
        """The group; ``None`` where none is configured."""
        ...


@runtime_checkable
class ThrottlesSends(Protocol):
    """A connector that knows when its platform takes nothing at all."""

    def pause(self) -> float:
        """Seconds until anything may be sent; zero means now.

        Asked before a reply is taken out of the queue, so that none counts as being sent while it
        only waits for its platform.
        """
        ...


@runtime_checkable
class ReportsContact(Protocol):
    """A connector that knows when its platform last answered."""

    @property
    def last_contact(self) -> datetime | None:
        """Time of the last answer, from which on it counts as connected until it fails."""
        ...


@runtime_checkable
class ReportsHealth(Protocol):
    """A connector that knows more about its own health than its supervisor."""

    def detail(self) -> tuple[tuple[str, str], ...]:
        """Facts for Health.detail as (name, value): rate budget, lag, what is waiting."""
        ...
