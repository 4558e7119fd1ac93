"""Makes single posts: who, on which channel, in which words, with which figures."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Final

from examples.supermarket.grammar import Grammar, expand, fill
from examples.supermarket.people import Crowd, somebody, visitor
from examples.supermarket.posts import Kind, Label, Person, Post, native_id, shorten

SUMMONS: Final = ("@禾家超市", "@hejia")
_LATIN: Final = ("x", "reddit")


class Studio:
    """Makes posts one after the other; the same seed makes the same posts."""

    def __init__(self, lists: Grammar, people: Crowd, random: Random, *, first: int = 0) -> None:
        """``first``: number of the first post; studios of one feed must not overlap."""
        self.lists = lists
        self.people = people
        self.random = random
        self._numbers = count(first)

    def text(self, name: str) -> str:
        """A sentence of the list."""
        return expand(self.lists, name, self.random)

    def somebody(self, channel: str) -> Person:
        """One of the channel's people."""
        if channel == "webchat":
            return visitor(self.random)
        return somebody(self.people, channel, self.random)

    def channel(self, weights: Mapping[str, int]) -> str:
        """One of the channels, by weight."""
        return self.random.choices(list(weights), weights=list(weights.values()))[0]

    def post(
        self,
        channel: str,
        text: str,
        at: datetime,
        label: Label,
        *,
        author: Person | None = None,
        kind: Kind = "post",
        parent: Post | None = None,
        heat: float = 1.0,
    ) -> Post:
        """A post; ``heat``: how much more than usual people react to it."""
        author = author or self.somebody(channel)
        key = native_id(channel, at, next(self._numbers))
        private = kind == "message"
        thread = author.id if private else key
        if kind == "comment" and parent is not None:
            thread = f"{parent.id}/{author.id}"
        return Post(
            channel=channel,
            id=key,
            kind=kind,
            author=author,
            text=shorten(channel, text),
            at=at,
            label=label,
            conversation=thread,
            reply_to=parent.id if parent else None,
            url=None if private else f"https://{channel}.example/{key.replace(':', '/')}",
            solicited=private or any(summons in text.casefold() for summons in SUMMONS),
            metrics={} if private else self._metrics(author, heat),
        )

    def flavoured(self, channel: str, text: str) -> str:
        """The text as people dress it on the channel."""
        if channel == "weibo" and self.random.random() < 0.25:
            return f"{self.text('tag')} {text}"
        if channel == "xiaohongshu" and self.random.random() < 0.6:
            tags = dict.fromkeys(self.text("note_tag") for _ in range(self.random.randint(1, 3)))
            return f"{self.text('note_title')}\n{text}\n{' '.join(tags)}"
        if self.random.random() < 0.12:
            return text.replace("，", " ").replace("。", " ").strip()
        return text

    def repost(
        self,
        parent: Post,
        own: str,
        at: datetime,
        label: Label,
        *,
        author: Person | None = None,
        heat: float = 1.0,
    ) -> Post:
        """``parent`` passed on as on Weibo, with words of one's own before it."""
        return self.post(
            parent.channel,
            f"{own}//@{parent.author.name}:{parent.text}",
            at,
            label,
            author=author,
            kind="repost",
            parent=parent,
            heat=heat,
        )

    def edited(self, post: Post) -> Post:
        """The same post some minutes later, mended by its author."""
        name = "correction_en" if post.channel in _LATIN else "correction_zh"
        text = shorten(post.channel, post.text + self.text(name))
        return self.later(post, kind="edit", text=text, minutes=self.random.uniform(2, 90))

    def deleted(self, post: Post) -> Post:
        """The same post some time later, taken back by its author."""
        return self.later(post, kind="delete", text="", minutes=self.random.uniform(5, 300))

    def later(self, post: Post, *, kind: Kind, text: str, minutes: float) -> Post:
        """The next revision of a post."""
        at = post.at + timedelta(minutes=minutes)
        return replace(post, kind=kind, text=text, at=at, revision=post.revision + 1)

    def filled(self, text: str) -> str:
        """A sentence of one's own with its slots filled."""
        return fill(self.lists, text, self.random)

    def _metrics(self, author: Person, heat: float) -> dict[str, int]:
        reach = (author.followers or 0) ** 0.75 * heat * self.random.lognormvariate(0, 0.8)
        likes = int(reach * 0.04)
        return {
            "likes": likes,
            "reposts": int(likes * self.random.uniform(0, 0.3)),
            "comments": int(likes * self.random.uniform(0, 0.4)),
            "views": int(reach * 1.5) + self.random.randint(3, 60),
        }
