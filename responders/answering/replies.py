"""Automatic replies: their text, and the limits of replies and of posts that repeat themselves.

Limits break loops with other bots. The history of replies and of posts is in memory and bounded; it
begins anew after a restart, and the gate checks every reply again before it is sent.
"""

import re
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from core.model.events import Event
from core.model.outbox import Reply, ReplyState, Target
from core.model.tickets import Ticket
from core.text import normalised
from responders.answering.context import DecisionContext, reply_key
from responders.texts import ShopperTexts

_REMEMBERED: Final = 10_000
HANDLED: Final = 3
"""Posts with the same words by one author that are handled within ``WINDOW``."""
WINDOW: Final = timedelta(hours=24)
_REMEMBERED_POSTS: Final = 20_000
_ADDRESS: Final = re.compile(r"https?://\S+|@\S+")
_NO_LETTER: Final = re.compile(r"[\W\d_]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyLimits:
    """The most that is replied automatically."""

    replies: int = 12
    """Replies that one author gets within ``seconds``; then a person takes over."""
    seconds: float = 600.0
    repeat_seconds: float = 90.0
    """A text is not repeated in a conversation within this time."""


class ReplyWriter:
    """Writes replies and remembers them by their keys.

    A decision that is made twice, since the store failed to record it, counts as one reply.
    """

    def __init__(self, texts: ShopperTexts, limits: ReplyLimits, clock: Clock) -> None:
        self._texts = texts
        self._limits = limits
        self._clock = clock
        self._by_author: OrderedDict[tuple[str, str], dict[str, float]] = OrderedDict()
        """By channel and author: the monotonic time of each reply, by its key."""
        self._by_conversation: OrderedDict[tuple[str, str], dict[str, tuple[str, float]]] = (
            OrderedDict()
        )
        """By channel and conversation: key and monotonic time of the last reply with each text."""

    def limit_reached(self, event: Event) -> bool:
        """True if the author of the event got as many replies as the limits allow."""
        now, key = self._clock.monotonic(), reply_key(event)
        replies = self._by_author.get((event.channel, event.author.id), {})
        recent = [
            other
            for other, at in replies.items()
            if other != key and now - at < self._limits.seconds
        ]
        return len(recent) >= self._limits.replies

    def write(self, context: DecisionContext, text_key: str, ticket: Ticket | None) -> Reply | None:
        """The reply, or a draft; ``None`` if every variant of the text was used a moment ago."""
        event = context.mention.event
        draft = context.needs_approval
        text = self._unused_variant(context, text_key, ticket)
        if text is None:
            return None
        if not draft:
            self._note(event, text)
        return Reply(
            key=reply_key(event),
            target=Target(
                channel=event.channel,
                conversation=event.conversation,
                reply_to=event.id if event.public else None,  # only posts are answered one by one
                author=event.author.id,
                solicited=event.solicited,
            ),
            text=text,
            state=ReplyState.DRAFT if draft else ReplyState.PENDING,
            language=context.language,
            by="bot",
            created_at=context.now,
            mention=context.mention.seq,
            ticket=ticket.number if ticket else None,
        )

    def _unused_variant(
        self, context: DecisionContext, text_key: str, ticket: Ticket | None
    ) -> str | None:
        """The first variant that no other reply of the conversation had a moment ago."""
        event, language = context.mention.event, context.language
        fields = dict(context.fields)
        if ticket is not None:
            minutes = (ticket.due_at - context.now).total_seconds() / 60
            within = self._texts.within(minutes, language)
            fields = {"number": ticket.number, "within": within} | fields
        if context.match.answer is not None:
            fields["answer"] = context.match.answer.article.body
        now, key = self._clock.monotonic(), reply_key(event)
        said = self._by_conversation.get((event.channel, event.conversation), {})
        for text in self._texts.in_turn(text_key, language, seed=key, **fields):
            other, at = said.get(text, (key, now))
            if other == key or now - at >= self._limits.repeat_seconds:
                return text
        return None

    def _note(self, event: Event, text: str) -> None:
        now, key, limits = self._clock.monotonic(), reply_key(event), self._limits
        author, conversation = (event.channel, event.author.id), (event.channel, event.conversation)
        replies = self._by_author.pop(author, {})
        self._by_author[author] = {
            other: at for other, at in replies.items() if now - at < limits.seconds
        } | {key: now}
        texts = self._by_conversation.pop(conversation, {})
        self._by_conversation[conversation] = {
            other: (of, at) for other, (of, at) in texts.items() if now - at < limits.repeat_seconds
        } | {text: (key, now)}
        if len(self._by_author) > _REMEMBERED:
            self._by_author.popitem(last=False)
        if len(self._by_conversation) > _REMEMBERED:
            self._by_conversation.popitem(last=False)


class RepeatedPosts:
    """Remembers public posts by author and words: the first few are handled, the rest recorded."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str, int], dict[str, datetime]] = OrderedDict()
        """By channel, author and words: the time of each handled post, by its id."""

    def is_one_too_many(self, event: Event) -> bool:
        """True for a public post whose author has said the same often enough.

        Digits, punctuation, addresses and handles are no difference. The same post, asked for
        again or edited, is no repeat of itself.
        """
        words = _NO_LETTER.sub("", _ADDRESS.sub("", normalised(event.text)))
        if not event.public or not words:
            return False
        key = (event.channel, event.author.id, zlib.crc32(words.encode("utf-8", "replace")))
        handled = {
            id_: at
            for id_, at in self._seen.pop(key, {}).items()
            if abs(event.posted_at - at) < WINDOW
        }
        is_over = event.id not in handled and len(handled) >= HANDLED
        if not is_over:
            handled[event.id] = event.posted_at
        self._seen[key] = handled
        if len(self._seen) > _REMEMBERED_POSTS:
            self._seen.popitem(last=False)
        return is_over
