"""Sends replies to Reddit, at most once each, with a truthful result.

The account's own comments and messages are read, so that a reply in doubt is found instead of being
sent twice.
"""

import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from connectors.reddit.account import RedditAccount
from connectors.reddit.client import RedditClient
from connectors.reddit.errors import RedditFault, RedditRequestError
from connectors.reddit.events import RedditThing
from connectors.reddit.limits import RedditLimits, rate_limit_pause
from connectors.reddit.settings import MAX_REDDIT_TEXT
from core.backoff import delay
from core.clock import Clock
from core.connector import Rejected, RetryAt, SendResult, Sent, Unknown
from core.model.outbox import Target

log = logging.getLogger(__name__)

_THING: Final = re.compile(r"t[134]_\w{1,40}", re.ASCII)
_CONVERSATION: Final = re.compile(
    r"(?P<thing>t[13]_\w{1,40})/.*|u/(?P<user>[\w-]{1,40})|(?P<sub>r/\w{1,40})", re.ASCII
)
_BLOCKED: Final = re.compile(r"block|whitelist|doesn.?t.exist|banned|muted", re.IGNORECASE)
_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 300.0
_OVERLOAD_WAIT: Final = 30.0
"""Seconds after an overload until it is checked whether Reddit took the reply all the same."""
_SUBJECT: Final = 80
_MANY: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RedditDestination:
    """Target of a reply: a thing, or an account for a new private message."""

    thing: str | None = None
    """Full name of the comment, submission or message to answer."""
    to: str | None = None
    """Name of the account, if there is no thing to answer."""

    @property
    def private(self) -> bool:
        return self.thing is None or self.thing.startswith("t4")


class SentLog:
    """The account's last hundred comments and messages."""

    def __init__(self, account: RedditAccount) -> None:
        self._account = account
        self._names: dict[str, None] = {}
        self._earlier: list[RedditThing] | None = None

    @property
    def names(self) -> Collection[str]:
        """Full names of its known public comments."""
        return self._names.keys()

    def add(self, name: str) -> None:
        """Add a comment that was just written."""
        self._names[name] = None

    async def learn(self, *, urgent: bool = False) -> None:
        """Read the comments of earlier processes, once; raises RedditRequestError."""
        if self._earlier is None:
            self._earlier = await self._public(urgent=urgent)

    async def sent_earlier(self, destination: RedditDestination, body: str) -> str | None:
        """Full name of the reply if an earlier process has sent it in public."""
        await self.learn(urgent=True)
        return _find(self._earlier or [], destination, body)

    async def find(self, destination: RedditDestination, body: str) -> str | None:
        """Full name of the reply, requested from Reddit now; raises RedditRequestError."""
        items = await self._private() if destination.private else await self._public(urgent=True)
        return _find(items, destination, body)

    async def _public(self, *, urgent: bool) -> list[RedditThing]:
        items = await self._read(f"user/{await self._account.who()}/comments", urgent=urgent)
        for thing in items:
            self.add(thing.name)
        return items

    async def _private(self) -> list[RedditThing]:
        return await self._read("message/sent/", urgent=True)

    async def _read(self, path: str, *, urgent: bool) -> list[RedditThing]:
        try:
            listing = await self._account.listing(path, {"limit": _MANY}, urgent=urgent)
            return list(listing.items)
        except RedditRequestError as error:
            if error.fault not in (RedditFault.FORBIDDEN, RedditFault.ABSENT):
                raise
            log.warning(
                "the account's own posts cannot be read", extra={"path": path, "error": error.text}
            )
            return []


class RedditSender:
    """Sends the replies of one account."""

    def __init__(
        self, *, client: RedditClient, account: RedditAccount, limits: RedditLimits, clock: Clock
    ) -> None:
        self.own = SentLog(account)
        self._client = client
        self._limits = limits
        self._clock = clock
        self._in_doubt: set[str] = set()
        """Keys of replies that an overloaded server may have taken."""
        self._failures = 0
        self._down_until = 0.0
        """Monotonic time of the next attempt, while Reddit is unreachable."""

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends."""
        destination, body = destination_of(target), sendable(text)
        if destination is None or (problem := _problem(body)):
            reason = (
                problem
                if destination
                else f"{target.conversation!r} is not a conversation on Reddit"
            )
            return Rejected(reason=reason)
        if (wait := self._limits.write_wait()) > 0:
            return self._later(wait, "rate limited by Reddit")
        try:
            native_id = await self._sent_already(destination, body, key)
        except RedditRequestError as error:
            return self._unsent(error)
        if native_id is not None:
            self._in_doubt.discard(key)
            return Sent(native_id=native_id)
        return await self._post(destination, body, key)

    async def find_sent(self, target: Target, text: str) -> str | None:
        """As core.connector.ReadsBack; raises Unavailable and Refused."""
        destination = destination_of(target)
        if destination is None:
            return None
        try:
            return await self.own.find(destination, sendable(text))
        except RedditRequestError as error:
            raise error.as_reading_error() from error

    async def _sent_already(
        self, destination: RedditDestination, body: str, key: str
    ) -> str | None:
        """Id of the reply if it was sent already, by an earlier process or during an overload."""
        if key in self._in_doubt:
            return await self.own.find(destination, body)
        return None if destination.private else await self.own.sent_earlier(destination, body)

    async def _post(self, destination: RedditDestination, body: str, key: str) -> SendResult:
        try:
            if destination.thing is not None:
                form = {"thing_id": destination.thing, "text": body}
                answer = await self._client.post("api/comment/", form)
            else:
                form = {"to": destination.to or "", "subject": _subject(body), "text": body}
                answer = await self._client.post("api/compose/", form)
        except RedditRequestError as error:
            return await self._outcome(error, destination, body, key)
        self._failures = 0
        return await self._read(answer, destination, body, key)

    async def _read(
        self, answer: object, destination: RedditDestination, body: str, key: str
    ) -> SendResult:
        """The result in an answer with status 200, whose body may hold errors."""
        said = answer.get("json") if isinstance(answer, dict) else None
        if not isinstance(said, dict):
            return Unknown(reason="the answer cannot be read")
        if errors := said.get("errors"):
            return self._error(errors, said.get("ratelimit"))
        if destination.thing is None:
            return Sent(native_id=await self._read_back(destination, body) or key)
        name = _created_name(said.get("data"))
        if name is None:
            return Unknown(reason="the answer does not name the reply")
        if not destination.private:
            self.own.add(name)
        return Sent(native_id=name)

    def _error(self, errors: object, exact: object) -> SendResult:
        first = errors[0] if isinstance(errors, list) else errors
        parts = [str(part) for part in first if part] if isinstance(first, list) else [str(first)]
        code, text = parts[0] if parts else "", ": ".join(parts)[:300]
        if code == "RATELIMIT":
            seconds = rate_limit_pause(text, exact)
            self._limits.hold_writes(seconds)
            return self._later(seconds, text)
        return Rejected(reason=text, ends_conversation=_BLOCKED.search(code) is not None)

    async def _outcome(
        self, error: RedditRequestError, destination: RedditDestination, body: str, key: str
    ) -> SendResult:
        """The result of a failed request."""
        match error.fault:
            case RedditFault.UNCLEAR:
                return Unknown(reason=error.text)
            case RedditFault.BUSY:
                self._in_doubt.add(key)
                native_id = await self._read_back(destination, body)
                if native_id is not None:
                    self._in_doubt.discard(key)
                    return Sent(native_id=native_id)
                return self._later(max(_OVERLOAD_WAIT, error.retry_after or 0), error.text)
            case RedditFault.FORBIDDEN | RedditFault.ABSENT | RedditFault.REJECTED:
                ends = _BLOCKED.search(error.text) is not None
                return Rejected(reason=error.text, ends_conversation=ends)
        return self._unsent(error)

    def _unsent(self, error: RedditRequestError) -> SendResult:
        """The result if nothing was posted: the time of the next attempt."""
        match error.fault:
            case RedditFault.WAIT:
                seconds = error.retry_after or _FIRST_WAIT
                self._limits.hold(seconds)
                return self._later(seconds, error.text)
            case RedditFault.CREDENTIAL | RedditFault.EXPIRED:
                log.error("Reddit rejects the credentials", extra={"error": error.text})
                return self._later(_LONGEST_WAIT, error.text)
        return self._later(self._back_off(), error.text)

    async def _read_back(self, destination: RedditDestination, body: str) -> str | None:
        """Id of the reply if Reddit shows it; ``None`` also if Reddit does not answer."""
        try:
            return await self.own.find(destination, body)
        except RedditRequestError as error:
            log.info("reading back failed", extra={"error": error.text})
            return None

    def _back_off(self) -> float:
        """Seconds until the next attempt; longer after each failed attempt in a row.

        Replies that fail in the same pause share it.
        """
        now = self._clock.monotonic()
        if now >= self._down_until:
            self._failures += 1
            wait = delay(self._failures, first=_FIRST_WAIT, most=_LONGEST_WAIT)
            self._down_until = now + wait
        return self._down_until - now

    def _later(self, seconds: float, reason: str) -> RetryAt:
        return RetryAt(at=self._clock.now() + timedelta(seconds=seconds), reason=reason)


def destination_of(target: Target) -> RedditDestination | None:
    """The destination of a reply; ``None`` if the conversation is not one of Reddit's."""
    found = _CONVERSATION.fullmatch(target.conversation)
    if found is None:
        return None
    if _THING.fullmatch(target.reply_to or ""):
        return RedditDestination(thing=target.reply_to)
    if found["thing"]:
        return RedditDestination(thing=found["thing"])
    return RedditDestination(to=found["user"] or f"/{found['sub']}")


def _problem(body: str) -> str:
    """The reason if Reddit would reject the text; empty if it would not."""
    if not body.strip():
        return "the reply is empty"
    if len(body) > MAX_REDDIT_TEXT:
        return f"the reply has {len(body)} characters; Reddit takes {MAX_REDDIT_TEXT}"
    return ""


def sendable(text: str) -> str:
    """``text`` without NUL, with lone surrogates replaced by ``?``."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _subject(body: str) -> str:
    """A private message's subject: the beginning of its first line."""
    return body.strip().splitlines()[0][:_SUBJECT]


def _created_name(data: object) -> str | None:
    """Full name of the first created thing."""
    items = data.get("things") if isinstance(data, dict) else None
    first = items[0] if isinstance(items, list) and items else None
    made = first.get("data") if isinstance(first, dict) else None
    name = made.get("name", made.get("id")) if isinstance(made, dict) else None
    return name if isinstance(name, str) and _THING.fullmatch(name) else None


def _find(items: list[RedditThing], destination: RedditDestination, body: str) -> str | None:
    for thing in items:
        if destination.thing is not None and thing.data.get("parent_id") != destination.thing:
            continue
        if destination.to is not None and not _same_name(thing.data.get("dest"), destination.to):
            continue
        if _normalised(thing.data.get("body")) == _normalised(body):
            return thing.name
    return None


def _same_name(dest: object, to: str) -> bool:
    """True if the receiver is ``to``; Reddit may change case and add ``#`` or ``/r/``."""
    shown = dest.lower().lstrip("#/") if isinstance(dest, str) else ""
    return shown.removeprefix("r/") == to.lower().lstrip("/").removeprefix("r/")


def _normalised(body: object) -> str:
    """Normalise a text as Reddit does."""
    return body.replace("\r\n", "\n").strip() if isinstance(body, str) else ""
