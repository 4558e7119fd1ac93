"""Sends one reply to Reddit and says honestly what became of it."""

import logging
import re
from datetime import timedelta
from typing import Final

from connectors.reddit.account import Account
from connectors.reddit.client import RedditClient
from connectors.reddit.errors import ApiError, Fault
from connectors.reddit.limits import Budget, pause_in
from connectors.reddit.sent_log import OwnWords, Place
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


class Sender:
    """Sends replies."""

    def __init__(
        self, *, client: RedditClient, account: Account, budget: Budget, clock: Clock
    ) -> None:
        self.own = OwnWords(account)
        self._client = client
        self._budget = budget
        self._clock = clock
        self._doubtful: set[str] = set()
        """Keys of replies that an overloaded server may have taken."""
        self._down_since: float | None = None

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends."""
        place, body = place_of(target), sendable(text)
        if place is None or (problem := _problem(body)):
            reason = problem if place else f"{target.conversation!r} is no Reddit conversation"
            return Rejected(reason=reason)
        if (wait := self._budget.writing()) > 0:
            return self._later(wait, "waiting as long as Reddit has asked for")
        try:
            native_id = await self._already(place, body, key)
        except ApiError as error:
            return self._unsent(error)
        if native_id is not None:
            self._doubtful.discard(key)
            return Sent(native_id=native_id)
        return await self._post(place, body, key)

    async def find_sent(self, target: Target, text: str) -> str | None:
        """As core.connector.ReadsBack; raises Unavailable and Refused."""
        place = place_of(target)
        if place is None:
            return None
        try:
            return await self.own.find(place, sendable(text))
        except ApiError as error:
            raise error.reading() from error

    async def _already(self, place: Place, body: str, key: str) -> str | None:
        """Id of the reply where it was sent before: by an earlier process, or in an overload."""
        if key in self._doubtful:
            return await self.own.find(place, body)
        return None if place.private else await self.own.sent_earlier(place, body)

    async def _post(self, place: Place, body: str, key: str) -> SendResult:
        try:
            if place.thing is not None:
                form = {"thing_id": place.thing, "text": body}
                answer = await self._client.post("api/comment/", form)
            else:
                form = {"to": place.to or "", "subject": _subject(body), "text": body}
                answer = await self._client.post("api/compose/", form)
        except ApiError as error:
            return await self._outcome(error, place, body, key)
        self._down_since = None
        return await self._read(answer, place, body, key)

    async def _read(self, answer: object, place: Place, body: str, key: str) -> SendResult:
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
            seconds = pause_in(text, exact)
            self._budget.hold_writes(seconds)
            return self._later(seconds, text)
        return Rejected(reason=text, ends_conversation=_BLOCKED.search(code) is not None)

    async def _outcome(self, error: ApiError, place: Place, body: str, key: str) -> SendResult:
        """What a failed request means."""
        match error.fault:
            case Fault.UNCLEAR:
                return Unknown(reason=error.text)
            case Fault.BUSY:
                self._doubtful.add(key)
                native_id = await self._written(place, body)
                if native_id is not None:
                    self._doubtful.discard(key)
                    return Sent(native_id=native_id)
                return self._later(max(_OVERLOADED, error.seconds or 0), error.text)
            case Fault.FORBIDDEN | Fault.ABSENT | Fault.REJECTED:
                ends = _BLOCKED.search(error.text) is not None
                return Rejected(reason=error.text, ends_conversation=ends)
        return self._unsent(error)

    def _unsent(self, error: ApiError) -> SendResult:
        """When to try again what surely was not posted."""
        match error.fault:
            case Fault.WAIT:
                seconds = error.seconds or _SOONEST
                self._budget.hold(seconds)
                return self._later(seconds, error.text)
            case Fault.CREDENTIAL | Fault.EXPIRED:
                log.error("Reddit refuses the credentials", extra={"error": error.text})
                return self._later(_LATEST, error.text)
        return self._later(self._back_off(), error.text)

    async def _written(self, place: Place, body: str) -> str | None:
        """Id of the reply if Reddit shows it now; ``None`` also where it does not answer."""
        try:
            return await self.own.find(place, body)
        except ApiError as error:
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


def place_of(target: Target) -> Place | None:
    """Where an answer goes; ``None`` where the conversation is none of Reddit's."""
    found = _CONVERSATION.fullmatch(target.conversation)
    if found is None:
        return None
    if _THING.fullmatch(target.reply_to or ""):
        return Place(thing=target.reply_to)
    if found["thing"]:
        return Place(thing=found["thing"])
    return Place(to=found["user"] or f"/{found['sub']}")


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
