"""A generated post with its true label, and its encoding in the replay format."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

Label = Literal["ordinary", "promotion", "crisis", "noise", "spam"]
Kind = Literal["message", "post", "comment", "repost", "edit", "delete"]

LIMITS: Final = {
    "weibo": 2000,
    "xiaohongshu": 1000,
    "douyin": 300,
    "telegram": 4096,
    "x": 280,
    "reddit": 10_000,
    "webchat": 2000,
}
"""Maximum text length by channel; on X a character outside Latin scripts counts as two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """An author."""

    id: str
    name: str
    followers: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A post and its true label."""

    channel: str
    id: str
    kind: Kind
    author: Person
    text: str
    at: datetime
    label: Label
    conversation: str
    revision: int = 0
    reply_to: str | None = None
    url: str | None = None
    solicited: bool = False
    metrics: dict[str, int] = field(default_factory=dict)
    media: tuple[str, ...] = ()


def length(channel: str, text: str) -> int:
    """The length of the text as the channel counts it."""
    if channel == "x":
        return sum(1 if ord(char) < 0x1100 else 2 for char in text)
    return len(text)


def shorten(channel: str, text: str) -> str:
    """The text, cut with an ellipsis where it exceeds the channel's limit."""
    if length(channel, text) <= LIMITS[channel]:
        return text
    while length(channel, text) > LIMITS[channel] - 2:
        text = text[:-1]
    return text + "…"


def native_id(channel: str, at: datetime, number: int) -> str:
    """An id in the platform's format; unique where ``number`` is."""
    milliseconds = int(at.timestamp() * 1000)
    match channel:
        case "weibo":
            return f"{milliseconds:013d}{number % 1000:03d}"
        case "xiaohongshu":
            return f"{milliseconds // 1000:08x}{number:016x}"
        case "douyin" | "x":
            return f"{milliseconds:013d}{number:06d}"
        case "reddit":
            return f"t3_{milliseconds:011x}{number:x}"
        case "telegram":
            return f"{milliseconds // 1000}:{number}"
        case _:
            return f"m-{milliseconds:011x}-{number:x}"


def as_event(post: Post) -> dict[str, object]:
    """The post as a line of the replay format."""
    event: dict[str, object] = {
        "channel": post.channel,
        "id": post.id,
        "kind": post.kind,
        "author": {
            "id": post.author.id,
            "name": post.author.name,
            "followers": post.author.followers,
        },
        "text": post.text,
        "posted_at": post.at.isoformat(timespec="milliseconds"),
        "conversation": post.conversation,
        "reply_to": post.reply_to,
        "url": post.url,
        "metrics": post.metrics,
        "solicited": post.solicited,
    }
    if post.revision:
        event["revision"] = post.revision
    if post.media:
        event["media"] = list(post.media)
    return event


def as_label(post: Post) -> dict[str, object]:
    """The true label of the post as a line of JSON."""
    return {
        "channel": post.channel,
        "id": post.id,
        "revision": post.revision,
        "label": post.label,
    }
