"""Replies on X: only to who summoned the brand, once, and with an honest word on what became of it.

Source: https://docs.x.com/x-api/posts/create-post; since February 2026 an automated reply is
allowed only where the author of the post names or quotes the account, once for each such post.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from connectors.json_fields import Object
from connectors.x.budget import Budget
from connectors.x.cache import Known
from connectors.x.client import Answer, XApi
from connectors.x.errors import ApiError, Fault
from connectors.x.events import Me, answers, is_summons, native_id
from connectors.x.metrics import missing
from connectors.x.text import LIMIT, length, same, sendable
from core.clock import Clock
from core.connector import Rejected, RetryAt, SendResult, Sent, Unknown
from core.outbox import Target

log = logging.getLogger(__name__)

_SOONEST: Final = 5.0
_LATEST: Final = 300.0
_FLOOD_SECONDS: Final = 60.0
_LONGEST: Final = 10_000
"""No text of so many characters fits, whatever it consists of."""
_PAGES: Final = 32
"""The account's timeline goes back 3200 posts."""
_MOST: Final = 10_000


class Sender:
    """Sends the replies of one account, one after the other."""

    def __init__(self, *, api: XApi, budget: Budget, known: Known, clock: Clock) -> None:
        self._api = api
        self._budget = budget
        self._known = known
        self._clock = clock
        self._one = asyncio.Lock()
        self._answered: set[str] = set()
        """Posts that we have answered."""
        self._complete_from: int | None = None
        """All our replies to posts with this id or a later one are known."""
        self._doubtful: set[str] = set()
        """Posts that may have been answered without our hearing of it."""
        self._fails = 0
        self.held_until: datetime | None = None
        """Nothing is sent before."""

    async def send(self, target: Target, text: str, me: Me) -> SendResult:
        """As core.connector.Sends."""
        number, text = native_id(target.reply_to), sendable(text)
        if number is None:
            return Rejected(reason=f"{target.reply_to!r} is no post on X")
        if not text:
            return Rejected(reason="the reply is empty")
        if len(text) > _LONGEST or length(text) > LIMIT:
            return Rejected(reason=f"the reply is too long: X counts more than {LIMIT}")
        if not target.solicited:
            return Rejected(reason=_UNASKED)
        async with self._one:
            if self.held_until is not None and self.held_until > self._clock.now():
                return RetryAt(at=self.held_until, reason="X asked to wait, or is out of reach")
            return await self._send_one(number, text, me)

    async def find_sent(self, target: Target, text: str, me: Me) -> str | None:
        """Id of our reply with this text, or ``None``; raises ApiError."""
        number = native_id(target.reply_to)
        if number is None:
            return None
        for post in await self._own_replies(number, me):
            if answers(post) == number and same(sendable(text), str(post.get("text", ""))):
                return native_id(post.get("id"))
        return None

    async def _send_one(self, number: str, text: str, me: Me) -> SendResult:
        try:
            refusal = await self._why_not(number, me)
        except ApiError as error:
            return self.later(error)
        if refusal is not None:
            return refusal
        try:
            sent = await self._api.create(text, reply_to=number)
        except ApiError as error:
            return await self._outcome(error, number, text, me)
        self._fails = 0
        self._remember(number)
        return Sent(native_id=sent)

    async def _why_not(self, number: str, me: Me) -> Rejected | None:
        """Why X's rules forbid an automated reply to this post; asks X only what is not known."""
        seen = self._known.find(number)
        if seen is None:
            answer = await self._api.lookup([number])
            self._budget.spend(answer.read)
            if number in missing(answer):
                return Rejected(reason="the post is gone")
            summons = _summons(answer, number, me)
        else:
            summons = seen.summons
        if not summons:
            return Rejected(reason=_UNASKED)
        unsure = self._complete_from is None or int(number) < self._complete_from
        answered = number in self._answered
        if not answered and (unsure or number in self._doubtful):
            own = await self._own_replies(number, me)
            answered = any(answers(post) == number for post in own)
        if answered:
            return Rejected(reason="this post was answered already; X allows one automated reply")
        return None

    async def _own_replies(self, number: str, me: Me) -> list[Object]:
        """What the account posted behind this post, all of it noted as answers."""
        found: list[Object] = []
        token: str | None = None
        for _ in range(_PAGES):
            answer = await self._api.timeline(me.id, since=int(number), page=token)
            self._budget.spend(answer.read)
            found += [post for post in answer.data if isinstance(post, dict)]
            token = answer.next
            if token is None:
                break
        begin = self._complete_from
        self._complete_from = int(number) if begin is None else min(begin, int(number))
        for answered in filter(None, map(answers, found)):
            self._remember(answered)
        self._doubtful.discard(number)
        return found

    async def _outcome(self, error: ApiError, number: str, text: str, me: Me) -> SendResult:
        """What a failed request to post means."""
        match error.fault:
            case Fault.UNCLEAR:
                self._doubtful.add(number)
                return Unknown(reason=error.text)
            case Fault.DUPLICATE:
                return await self._twin(error, number, text, me)
            case Fault.FORBIDDEN:
                blocked = "block" in error.text.lower()
                return Rejected(reason=error.text, ends_conversation=blocked)
            case Fault.REJECTED:
                return Rejected(reason=error.text)
        return self.later(error)

    async def _twin(self, error: ApiError, number: str, text: str, me: Me) -> SendResult:
        """X has such a text of ours: ours is sent if that one is the answer to this post."""
        target = Target(channel="", conversation="", reply_to=number)
        try:
            found = await self.find_sent(target, text, me)
        except ApiError as unread:
            self._doubtful.add(number)
            return Unknown(reason=f"{error.text}; it could not be looked for: {unread.text}")
        return Rejected(reason=error.text) if found is None else Sent(native_id=found)

    def later(self, error: ApiError) -> RetryAt:
        """Nothing was posted; all replies wait as long as this one."""
        now = self._clock.now()
        told = error.wait(now)
        if error.fault is Fault.CREDENTIAL:
            log.error("X refuses the credentials", extra={"error": error.text})
            told = _LATEST
        elif error.fault is Fault.WAIT and told is None:
            told = _FLOOD_SECONDS
        elif told is None:
            told = min(_LATEST, _SOONEST * 2.0 ** min(self._fails, 6))
            self._fails += 1
        self.held_until = error.at if error.at is not None else now + timedelta(seconds=told)
        return RetryAt(at=self.held_until, reason=error.text)

    def _remember(self, answered: str) -> None:
        self._answered.add(answered)
        if len(self._answered) > _MOST:
            oldest = min(self._answered, key=int)
            self._answered.discard(oldest)
            self._complete_from = max(self._complete_from or 0, int(oldest) + 1)


_UNASKED: Final = (
    "X allows an automated reply only where the author named or quoted the brand: answer by hand"
)


def _summons(answer: Answer, number: str, me: Me) -> bool:
    posts = [post for post in answer.data if isinstance(post, dict)]
    return any(
        native_id(post.get("id")) == number and is_summons(post, answer.includes, me)
        for post in posts
    )
