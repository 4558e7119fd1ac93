"""Sends one reply to Reddit and says honestly what became of it."""
# DOC What the account itself has written, so that a reply in doubt is found and never sent twice.

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
from connectors.reddit.settings import LIMIT
from core.clock import Clock
from core.connector import Rejected, RetryAt, SendResult, Sent, Unknown
from core.outbox import Target

log = logging.getLogger(__name__)

_THING: Final = re.compile(r"t[134]_\w{1,40}", re.ASCII)
_CONVERSATION: Final = re.compile(
    r"(?P<thing>t[13]_\w{1,40})/.*|u/(?P<user>[\w-]{1,40})|(?P<sub>r/\w{1,40})", re.ASCII
)
_BLOCKED: Final = re.compile(r"block|whitelist|doesn.?t.exist|banned|muted", re.IGNORECASE)
_SOONEST: Final = 5.0
_LATEST: Final = 300.0
_OVERLOADED: Final = 30.0
"""After an overload it is looked, this much later, whether the reply was taken all the same."""
_SUBJECT: Final = 80


class RedditSender:
    """Sends replies."""

    def __init__(
        self, *, client: RedditClient, account: RedditAccount, budget: RedditLimits, clock: Clock
    ) -> None:
        self.own = SentLog(account)
        self._client = client
        self._budget = budget
        self._clock = clock
        self._doubtful: set[str] = set()
        """Keys of replies that an overloaded server may have taken."""
        self._down_since: float | None = None

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends."""
        place, body = destination_of(target), sendable(text)
        if place is None or (problem := _problem(body)):
            reason = problem if place else f"{target.conversation!r} is no Reddit conversation"
            return Rejected(reason=reason)
        if (wait := self._budget.writing()) > 0:
            return self._later(wait, "waiting as long as Reddit has asked for")
        try:
            native_id = await self._already(place, body, key)
        except RedditRequestError as error:
            return self._unsent(error)
        if native_id is not None:
            self._doubtful.discard(key)
            return Sent(native_id=native_id)
        return await self._post(place, body, key)

    async def find_sent(self, target: Target, text: str) -> str | None:
        """As core.connector.ReadsBack; raises Unavailable and Refused."""
        place = destination_of(target)
        if place is None:
            return None
        try:
            return await self.own.find(place, sendable(text))
        except RedditRequestError as error:
            raise error.reading() from error

    async def _already(self, place: RedditDestination, body: str, key: str) -> str | None:
        """Id of the reply where it was sent before: by an earlier process, or in an overload."""
        if key in self._doubtful:
            return await self.own.find(place, body)
        return None if place.private else await self.own.sent_earlier(place, body)

    async def _post(self, place: RedditDestination, body: str, key: str) -> SendResult:
        try:
            if place.thing is not None:
                form = {"thing_id": place.thing, "text": body}
                answer = await self._client.post("api/comment/", form)
            else:
                form = {"to": place.to or "", "subject": _subject(body), "text": body}
                answer = await self._client.post("api/compose/", form)
        except RedditRequestError as error:
            return await self._outcome(error, place, body, key)
        self._down_since = None
        return await self._read(answer, place, body, key)

    async def _read(
        self, answer: object, place: RedditDestination, body: str, key: str
    ) -> SendResult:
        """What an answer of 200 says; errors stand in its body."""
        said = answer.get("json") if isinstance(answer, dict) else None
        if not isinstance(said, dict):
            return Unknown(reason="the answer cannot be read")
        if errors := said.get("errors"):
            return self._error(errors, said.get("ratelimit"))
        if place.thing is None:
            return Sent(native_id=await self._written(place, body) or key)
        name = _name_in(said.get("data"))
        if name is None:
            return Unknown(reason="the answer does not name the reply")
        if not place.private:
            self.own.add(name)
        return Sent(native_id=name)

    def _error(self, errors: object, exact: object) -> SendResult:
        first = errors[0] if isinstance(errors, list) else errors
        parts = [str(part) for part in first if part] if isinstance(first, list) else [str(first)]
        code, text = parts[0] if parts else "", ": ".join(parts)[:300]
        if code == "RATELIMIT":
            seconds = rate_limit_pause(text, exact)
            self._budget.hold_writes(seconds)
            return self._later(seconds, text)
        return Rejected(reason=text, ends_conversation=_BLOCKED.search(code) is not None)

    async def _outcome(
        self, error: RedditRequestError, place: RedditDestination, body: str, key: str
    ) -> SendResult:
        """What a failed request means."""
        match error.fault:
            case RedditFault.UNCLEAR:
                return Unknown(reason=error.text)
            case RedditFault.BUSY:
                self._doubtful.add(key)
                native_id = await self._written(place, body)
                if native_id is not None:
                    self._doubtful.discard(key)
                    return Sent(native_id=native_id)
                return self._later(max(_OVERLOADED, error.seconds or 0), error.text)
            case RedditFault.FORBIDDEN | RedditFault.ABSENT | RedditFault.REJECTED:
                ends = _BLOCKED.search(error.text) is not None
                return Rejected(reason=error.text, ends_conversation=ends)
        return self._unsent(error)

    def _unsent(self, error: RedditRequestError) -> SendResult:
        """When to try again what surely was not posted."""
        match error.fault:
            case RedditFault.WAIT:
                seconds = error.seconds or _SOONEST
                self._budget.hold(seconds)
                return self._later(seconds, error.text)
            case RedditFault.CREDENTIAL | RedditFault.EXPIRED:
                log.error("Reddit refuses the credentials", extra={"error": error.text})
                return self._later(_LATEST, error.text)
        return self._later(self._back_off(), error.text)

    async def _written(self, place: RedditDestination, body: str) -> str | None:
        """Id of the reply if Reddit shows it now; ``None`` also where it does not answer."""
        try:
            return await self.own.find(place, body)
        except RedditRequestError as error:
            log.info("reading back failed", extra={"error": error.text})
            return None

    def _back_off(self) -> float:
        """Wait about as long again as Reddit has been out of reach."""
        now = self._clock.monotonic()
        if self._down_since is None:
            self._down_since = now
        return min(_LATEST, max(_SOONEST, now - self._down_since))

    def _later(self, seconds: float, reason: str) -> RetryAt:
        return RetryAt(at=self._clock.now() + timedelta(seconds=seconds), reason=reason)


def destination_of(target: Target) -> RedditDestination | None:
    """Where an answer goes; ``None`` where the conversation is none of Reddit's."""
    found = _CONVERSATION.fullmatch(target.conversation)
    if found is None:
        return None
    if _THING.fullmatch(target.reply_to or ""):
        return RedditDestination(thing=target.reply_to)
    if found["thing"]:
        return RedditDestination(thing=found["thing"])
    return RedditDestination(to=found["user"] or f"/{found['sub']}")


def _problem(body: str) -> str:
    """Why Reddit would not take the text; empty where it would."""
    if not body.strip():
        return "the reply is empty"
    return f"{len(body)} characters; Reddit takes {LIMIT}" if len(body) > LIMIT else ""


def sendable(text: str) -> str:
    """``text`` without what cannot be sent: NUL goes, lone surrogates become ``?``."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _subject(body: str) -> str:
    """A private message's subject: the beginning of its first line."""
    return body.strip().splitlines()[0][:_SUBJECT]


def _name_in(data: object) -> str | None:
    """The full name of the first thing that was made."""
    things = data.get("things") if isinstance(data, dict) else None
    first = things[0] if isinstance(things, list) and things else None
    made = first.get("data") if isinstance(first, dict) else None
    name = made.get("name", made.get("id")) if isinstance(made, dict) else None
    return name if isinstance(name, str) and _THING.fullmatch(name) else None


_MANY: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RedditDestination:
    """Where a reply goes: under a thing, or as a new private message."""

    thing: str | None = None
    """Full name of the comment, submission or message that is answered."""
    to: str | None = None
    """The account that is written to, where there is nothing to answer."""

    @property
    def private(self) -> bool:
        return self.thing is None or self.thing.startswith("t4")


class SentLog:
    """The last hundred comments and messages of the account."""

    def __init__(self, account: RedditAccount) -> None:
        self._account = account
        self._names: dict[str, None] = {}
        self._earlier: list[RedditThing] | None = None

    @property
    def names(self) -> Collection[str]:
        """Full names of what it wrote in public, as far as is known."""
        return self._names.keys()

    def add(self, name: str) -> None:
        """It has just written this."""
        self._names[name] = None

    async def learn(self, *, urgent: bool = False) -> None:
        """Read once what earlier processes have written; raises RedditRequestError."""
        if self._earlier is None:
            self._earlier = await self._public(urgent=urgent)

    async def sent_earlier(self, place: RedditDestination, body: str) -> str | None:
        """Full name of this very reply where an earlier process has sent it in public."""
        await self.learn(urgent=True)
        return _find(self._earlier or [], place, body)

    async def find(self, place: RedditDestination, body: str) -> str | None:
        """Full name of this very reply, asked of Reddit now; raises RedditRequestError."""
        things = await self._private() if place.private else await self._public(urgent=True)
        return _find(things, place, body)

    async def _public(self, *, urgent: bool) -> list[RedditThing]:
        things = await self._read(f"user/{await self._account.who()}/comments", urgent=urgent)
        for thing in things:
            self.add(thing.name)
        return things

    async def _private(self) -> list[RedditThing]:
        return await self._read("message/sent/", urgent=True)

    async def _read(self, path: str, *, urgent: bool) -> list[RedditThing]:
        try:
            listing = await self._account.listing(path, {"limit": _MANY}, urgent=urgent)
            return list(listing.things)
        except RedditRequestError as error:
            if error.fault not in (RedditFault.FORBIDDEN, RedditFault.ABSENT):
                raise
            log.warning("own words cannot be read", extra={"path": path, "error": error.text})
            return []


def _find(things: list[RedditThing], place: RedditDestination, body: str) -> str | None:
    for thing in things:
        if place.thing is not None and thing.data.get("parent_id") != place.thing:
            continue
        if place.to is not None and not _same_name(thing.data.get("dest"), place.to):
            continue
        if _plain(thing.data.get("body")) == _plain(body):
            return thing.name
    return None


def _same_name(dest: object, to: str) -> bool:
    """Reddit writes the receiver in capitals or not, and a subreddit with its sign."""
    shown = dest.lower().lstrip("#/") if isinstance(dest, str) else ""
    return shown.removeprefix("r/") == to.lower().lstrip("/").removeprefix("r/")


def _plain(body: object) -> str:
    """Reddit trims what it is given."""
    return body.replace("\r\n", "\n").strip() if isinstance(body, str) else ""
