"""What the pipeline and the dispatcher call, named by what they need and nothing more.

A part implements a port by having these methods; nobody inherits. The abilities that only some
connectors have (``Sends``, ``ReadsBack``, ``Pushed``, ``Engagement``) are tiny protocols that are
tested with ``isinstance``.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from core.records import Counts, Outcome, Plan, Reply, ReplyState, Target, Ticket
from core.types import Event, Judgement, Mention, Metrics, Page, Received, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What became of a Page: every event and reject of it is in exactly one of the three."""

    accepted: int
    duplicates: int
    rejected: int


class Inbox(Protocol):
    """The durable queue between connectors and the pipeline."""

    async def accept(self, connector: str, page: Page) -> Receipt:
        """Store the events, the rejects and the cursor in one transaction; durable on return.

        Raises StoreFull or StoreError with nothing stored.
        """
        ...

    async def cursor(self, connector: str) -> str | None:
        """The cursor stored last, or ``None``."""
        ...

    async def claim_events(self, limit: int) -> Sequence[Received]:
        """Up to ``limit`` pending events, oldest first, that no living process works on."""
        ...

    async def record(self, outcome: Outcome) -> None:
        """Store the end of an event and all that it causes in one transaction.

        A second call for the same event changes nothing.
        """
        ...

    async def withdraw(self, item: Received) -> None:
        """End a DELETE event: hide its mention and cancel what was not sent yet."""
        ...

    async def fail(self, seq: int, error: str, *, tries: int = 5) -> bool:
        """Count a failed try; after ``tries`` the event is a dead letter and True is returned.

        Changes nothing where the event has already ended.
        """
        ...

    async def counts(self) -> Counts:
        """Where all events stand now."""
        ...


class Matcher(Protocol):
    """Finds brands in a text."""

    def match(self, event: Event) -> tuple[str, ...]:
        """Ids of the brands that the event concerns, in the order of the configuration."""
        ...


class Judge(Protocol):
    """Understands texts."""

    async def judge(self, texts: Sequence[str]) -> Sequence[Judgement]:
        """One Judgement a text, in order. Never raises for what the text contains."""
        ...


class Moderator(Protocol):
    """Says what may come in."""

    def inspect(self, event: Event, judgement: Judgement) -> Verdict:
        """Allowed, or why not; with flags and the masked text in either case."""
        ...


class Decider(Protocol):
    """Says what is to be done."""

    async def decide(self, mention: Mention) -> Plan:
        """The decision about a mention and all that it causes; stores nothing."""
        ...


class Spread(Protocol):
    """Watches what is spreading."""

    async def observe(self, mention: Mention) -> None:
        """Take a recorded mention into account, raising alerts as needed. Idempotent."""
        ...


class Outbox(Protocol):
    """The durable queue between decisions and platforms."""

    async def claim_replies(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        """Up to ``limit`` due replies of the channel, moved from pending to sending."""
        ...

    async def waiting_channels(self) -> Sequence[str]:
        """Channels with replies that are pending or being sent."""
        ...

    async def in_doubt(self, channel: str) -> Sequence[Reply]:
        """Replies that a process which is gone left in sending."""
        ...

    async def finish_reply(
        self,
        key: str,
        *,
        state: ReplyState,
        native_id: str | None = None,
        reason: str = "",
        not_before: datetime | None = None,
        ticket: Ticket | None = None,
        ends_conversation: bool = False,
    ) -> Reply:
        """Move a reply on from sending or unknown, with a ticket where a person is owed one.

        ``ends_conversation``: nobody can be reached there any more; nothing else is sent to it.
        """
        ...


class Gate(Protocol):
    """The last word before any send."""

    async def check(self, reply: Reply) -> Verdict:
        """Allowed, or why not. What cannot be checked is not allowed."""
        ...


class Doubts(Protocol):
    """Turns a reply that cannot be completed into work for a person."""

    async def ticket_for(self, reply: Reply, reason: str) -> Ticket:
        """A new ticket about the reply, or the one it belongs to."""
        ...

    async def owed(self, reply: Reply) -> Ticket | None:
        """The unresolved ticket that the reply belongs to, if there is one; as it will be: open."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a channel can do."""

    reply: bool = False
    push: bool = False
    edits: bool = False
    deletes: bool = False
    engagement: bool = False
    figures: tuple[str, ...] = ()
    """Which fields of Metrics it tells."""
    idempotent_send: bool = False
    """True where sending the same key twice is one reply."""
    must_be_summoned: bool = False
    """True where an automated reply is allowed only to who addressed the brand."""
    replies_per_event: int | None = None
    length_limit: int | None = None
    """In the platform's own counting; see the connector's ``length``."""


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

    @property
    def capabilities(self) -> Capabilities: ...

    def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """What the platform delivers after ``cursor``, for ever or until there is no more.

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
class ReadsBack(Protocol):
    """A connector that can look whether it has sent something."""

    async def find_sent(self, target: Target, text: str, key: str) -> str | None:
        """Native id of the reply, or ``None`` if the platform never took it."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Pushed:
    """An HTTP request a platform made to us."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What we answer to it."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@runtime_checkable
class HandlesHttp(Protocol):
    """A connector that platforms push to."""

    async def handle_http(self, request: Pushed) -> Response:
        """Verify, persist, and only then answer."""
        ...


@runtime_checkable
class Engagement(Protocol):
    """A connector that can read figures."""

    async def fetch_engagement(self, ids: Sequence[str]) -> Mapping[str, Metrics | None]:
        """Figures by native id; ``None`` for what is gone. Missing ids were not answered."""
        ...


class Intake(Protocol):
    """How a connector hands over what was pushed to it."""

    async def accept(self, connector: str, page: Page) -> Receipt:
        """As Inbox.accept; the pipeline hears of it at once."""
        ...
