"""Generates single posts: author, channel, text and engagement figures."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Final

from examples.supermarket.grammar import Grammar, expand
from examples.supermarket.grammar import fill as fill_slots
from examples.supermarket.people import Crowd, pick_person, visitor
from examples.supermarket.posts import Kind, Label, Person, Post, native_id, shorten

HANDLES: Final = ("@禾家超市", "@hejia")
_LATIN: Final = ("x", "reddit")


class Studio:
    """Generates posts in sequence; equal seeds give equal posts."""

    def __init__(self, lists: Grammar, people: Crowd, random: Random, *, first: int = 0) -> None:
        """``first`` is the number of the first post; studios of one feed must not overlap."""
        self.lists = lists
        self.people = people
        self.random = random
        self._numbers = count(first)

    def text(self, name: str) -> str:
        """A random sentence of the list ``name``."""
        return expand(self.lists, name, self.random)

    def person(self, channel: str) -> Person:
        """A random author of the channel."""
        if channel == "webchat":
            return visitor(self.random)
        return pick_person(self.people, channel, self.random)

    def channel(self, weights: Mapping[str, int]) -> str:
        """A random channel, by weight."""
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
        """A post; ``heat`` scales its engagement figures."""
        author = author or self.person(channel)
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
            solicited=private or any(handle in text.casefold() for handle in HANDLES),
            metrics={} if private else self._metrics(author, heat),
        )

    def style(self, channel: str, text: str) -> str:
        """The text with the hashtags, title or punctuation that are usual on the channel."""
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
        """A Weibo repost of ``parent``: ``own//@NAME:text``."""
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
        """An edit of the post by its author, some minutes later."""
        name = "correction_en" if post.channel in _LATIN else "correction_zh"
        text = shorten(post.channel, post.text + self.text(name))
        return self.later(post, kind="edit", text=text, minutes=self.random.uniform(2, 90))

    def deleted(self, post: Post) -> Post:
        """A deletion of the post by its author, some time later."""
        return self.later(post, kind="delete", text="", minutes=self.random.uniform(5, 300))

    def later(self, post: Post, *, kind: Kind, text: str, minutes: float) -> Post:
        """The next revision of a post."""
        at = post.at + timedelta(minutes=minutes)
        return replace(post, kind=kind, text=text, at=at, revision=post.revision + 1)

    def fill(self, text: str) -> str:
        """``text`` with its slots filled from the lists."""
        return fill_slots(self.lists, text, self.random)

    def _metrics(self, author: Person, heat: float) -> dict[str, int]:
        reach = (author.followers or 0) ** 0.75 * heat * self.random.lognormvariate(0, 0.8)
        likes = int(reach * 0.04)
        return {
            "likes": likes,
            "reposts": int(likes * self.random.uniform(0, 0.3)),
            "comments": int(likes * self.random.uniform(0, 0.4)),
            "views": int(reach * 1.5) + self.random.randint(3, 60),
        }
