"""Sends replies on X: to authors who addressed the brand, once each, with a truthful result.

Since February 2026 X allows an automated reply only if the author of the post mentions or quotes
the account, and one for each such post.

Source: https://docs.x.com/x-api/posts/create-post
"""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from connectors.json_fields import JsonObject
from connectors.x.account import XAccount
from connectors.x.client import XApi, XResults
from connectors.x.errors import XFault, XRequestError
from connectors.x.events import addresses, replied_to
from connectors.x.fields import native_id
from connectors.x.limits import ReadBudget
from connectors.x.seen import SeenPosts
from connectors.x.text import MAX_POST, length, same_text, sendable
from core.backoff import delay
from core.clock import Clock
from core.connector import Rejected, RetryAt, SendResult, Sent, Unknown
from core.model.outbox import Target

log = logging.getLogger(__name__)

_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 300.0
_RATE_LIMIT_WAIT: Final = 60.0
_NEVER_FITS: Final = 10_000
"""Characters beyond which a text is refused without counting it X's way."""
_TIMELINE_PAGES: Final = 32
"""X returns the last 3200 posts of an account."""
_MOST_REMEMBERED: Final = 10_000
_NOT_ADDRESSED: Final = (
    "X allows an automated reply only if the author mentioned or quoted the brand: answer by hand"
)


class XSender:
    """Sends the replies of one account, one at a time."""

    def __init__(self, *, api: XApi, budget: ReadBudget, seen: SeenPosts, clock: Clock) -> None:
        self._api = api
        self._budget = budget
        self._seen_posts = seen
        self._clock = clock
        self._one = asyncio.Lock()
        self._answered: set[str] = set()
        """Ids of posts that the account has answered."""
        self._complete_from: int | None = None
        """Post id from which on ``_answered`` is complete."""
        self._in_doubt: set[str] = set()
        """Ids of posts to which a reply of unknown outcome was sent."""
        self._failures = 0
        self.held_until: datetime | None = None
        """Time before which nothing is sent."""

    async def send(self, target: Target, text: str, me: XAccount) -> SendResult:
        """As core.connector.Sends."""
        number, text = native_id(target.reply_to), sendable(text)
        if number is None:
            return Rejected(reason=f"{target.reply_to!r} is not the id of a post on X")
        if not text:
            return Rejected(reason="the reply is empty")
        if len(text) > _NEVER_FITS or length(text) > MAX_POST:
            return Rejected(reason=f"the reply is too long: X counts more than {MAX_POST}")
        if not target.solicited:
            return Rejected(reason=_NOT_ADDRESSED)
        async with self._one:
            if self.held_until is not None and self.held_until > self._clock.now():
                return RetryAt(at=self.held_until, reason="X asked to wait, or is unreachable")
            return await self._send_one(number, text, me)

    async def find_sent(self, target: Target, text: str, me: XAccount) -> str | None:
        """Id of the account's reply with this text, or ``None``; raises XRequestError."""
        number = native_id(target.reply_to)
        if number is None:
            return None
        for post in await self._own_replies(number, me):
            if replied_to(post) == number and same_text(sendable(text), str(post.get("text", ""))):
                return native_id(post.get("id"))
        return None

    async def _send_one(self, number: str, text: str, me: XAccount) -> SendResult:
        try:
            rejected = await self._forbidden(number, me)
        except XRequestError as error:
            return self.later(error)
        if rejected is not None:
            return rejected
        try:
            sent = await self._api.create(text, reply_to=number)
        except XRequestError as error:
            return await self._outcome(error, number, text, me)
        self._failures = 0
        self._remember(number)
        return Sent(native_id=sent)

    async def _forbidden(self, number: str, me: XAccount) -> Rejected | None:
        """The rejection if X's rules forbid an automated reply to this post."""
        seen = self._seen_posts.find(number)
        if seen is None:
            answer = await self._api.lookup([number])
            self._budget.spend(answer.billed)
            if number in answer.gone:
                return Rejected(reason="the post was deleted or is no longer public")
            addressed = _addresses_brand(answer, number, me)
        else:
            addressed = seen.addressed
        if not addressed:
            return Rejected(reason=_NOT_ADDRESSED)
        unknown = self._complete_from is None or int(number) < self._complete_from
        answered = number in self._answered
        if not answered and (unknown or number in self._in_doubt):
            own = await self._own_replies(number, me)
            answered = any(replied_to(post) == number for post in own)
        if answered:
            return Rejected(reason="this post has been answered; X allows one automated reply")
        return None

    async def _own_replies(self, number: str, me: XAccount) -> list[JsonObject]:
        """The account's posts with an id after this one; remembers what they answer."""
        found: list[JsonObject] = []
        token: str | None = None
        for _ in range(_TIMELINE_PAGES):
            answer = await self._api.timeline(me.id, since=int(number), page=token)
            self._budget.spend(answer.billed)
            found += [post for post in answer.data if isinstance(post, dict)]
            token = answer.next_page
            if token is None:
                break
        begin = self._complete_from
        self._complete_from = int(number) if begin is None else min(begin, int(number))
        for answered in filter(None, map(replied_to, found)):
            self._remember(answered)
        self._in_doubt.discard(number)
        return found

    async def _outcome(
        self, error: XRequestError, number: str, text: str, me: XAccount
    ) -> SendResult:
        """The result of a failed request to post."""
        match error.fault:
            case XFault.UNCLEAR:
                self._in_doubt.add(number)
                return Unknown(reason=error.text)
            case XFault.DUPLICATE:
                return await self._duplicate(error, number, text, me)
            case XFault.FORBIDDEN:
                blocked = "block" in error.text.lower()
                return Rejected(reason=error.text, ends_conversation=blocked)
            case XFault.REJECTED:
                return Rejected(reason=error.text)
        return self.later(error)

    async def _duplicate(
        self, error: XRequestError, number: str, text: str, me: XAccount
    ) -> SendResult:
        """X has this text already: the reply is sent if that post answers the same post."""
        target = Target(channel="", conversation="", reply_to=number)
        try:
            found = await self.find_sent(target, text, me)
        except XRequestError as unread:
            self._in_doubt.add(number)
            return Unknown(reason=f"{error.text}; reading back failed: {unread.text}")
        return Rejected(reason=error.text) if found is None else Sent(native_id=found)

    def later(self, error: XRequestError) -> RetryAt:
        """The result if nothing was posted; holds all replies for as long as this one."""
        now = self._clock.now()
        wait = error.retry_after(now)
        if error.fault is XFault.CREDENTIAL:
            log.error("X rejects the credentials", extra={"error": error.text})
            wait = _LONGEST_WAIT
        elif error.fault is XFault.WAIT and wait is None:
            wait = _RATE_LIMIT_WAIT
        elif wait is None:
            self._failures += 1
            wait = delay(self._failures, first=_FIRST_WAIT, most=_LONGEST_WAIT)
        self.held_until = (
            now + timedelta(seconds=wait) if error.retry_at is None else error.retry_at
        )
        return RetryAt(at=self.held_until, reason=error.text)

    def _remember(self, answered: str) -> None:
        self._answered.add(answered)
        if len(self._answered) > _MOST_REMEMBERED:
            oldest = min(self._answered, key=int)
            self._answered.discard(oldest)
            self._complete_from = max(self._complete_from or 0, int(oldest) + 1)


def _addresses_brand(answer: XResults, number: str, me: XAccount) -> bool:
    posts = [post for post in answer.data if isinstance(post, dict)]
    return any(
        native_id(post.get("id")) == number and addresses(post, answer.includes, me)
        for post in posts
    )
