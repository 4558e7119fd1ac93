"""The state of an X server: posts, rules, streams and calls; tests change and read it freely."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.connectors.support import START
from tests.connectors.x.protocol import (
    Call,
    Json,
    Trouble,
    as_dict,
    as_items,
    escape,
    snowflake,
)


@dataclass
class XPosts:
    """Everything a server answers from."""

    url: str = ""
    page: int = 100
    start: datetime = START
    """Time of the first post."""
    posts: dict[int, Json] = field(default_factory=dict)
    """All posts, ours too, by id."""
    searched: set[int] = field(default_factory=set)
    """Which of them match the rules."""
    deleted: set[int] = field(default_factory=set)
    rules: dict[str, Json] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)
    streams: list[asyncio.Queue[bytes | None]] = field(default_factory=list)
    beat: float = 0.05
    """Seconds between two keep-alives."""
    enforce: bool = True
    shuffle: bool = False
    """Gives pages out of order, and the first page twice."""
    limits: Mapping[str, str] = field(default_factory=dict)
    made: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def say(
        self,
        text: str,
        *,
        mention: bool = True,
        author: str = "7",
        live: bool = True,
        **more: object,
    ) -> str:
        """Have a post by somebody; it goes to the streams too. Returns its id."""
        self.made += 1
        number = snowflake(self.made, self.start)
        named: list[Json] = [{"id": "42", "username": "xmart"}] if mention else []
        post: Json = {
            "id": str(number),
            "text": escape(text),
            "author_id": author,
            "conversation_id": str(number),
            "created_at": (self.start + timedelta(milliseconds=self.made)).isoformat(),
            "edit_history_tweet_ids": [str(number)],
            "entities": {"mentions": named},
            "public_metrics": {
                "like_count": 1,
                "retweet_count": 2,
                "reply_count": 3,
                "quote_count": 4,
                "impression_count": 5,
            },
        } | more
        if len(text) > 280:
            post["note_tweet"] = {"text": escape(text)}
            post["text"] = escape(text[:270]) + "…"
        self.posts[number] = post
        self.searched.add(number)
        if live:
            self.push({"data": post, "includes": self.includes([post])})
        return str(number)

    def edit(self, first: str, text: str) -> str:
        """A further version of a post; returns its id."""
        old = self.posts[int(first)]
        history = list(map(str, as_items(old["edit_history_tweet_ids"])))
        newest = self.say(text, live=False)
        history.append(newest)
        for number in history:
            self.posts[int(number)]["edit_history_tweet_ids"] = history
        post = self.posts[int(newest)]
        self.push({"data": post, "includes": self.includes([post])})
        return newest

    def own(self, text: str, reply_to: str | None = None) -> str:
        """A post of the account itself."""
        references = [{"type": "replied_to", "id": reply_to}] if reply_to else []
        return self.say(text, mention=False, author="42", live=False, referenced_tweets=references)

    def push(self, line: Json | bytes) -> None:
        """Send one line to all who are connected to the stream."""
        raw = line if isinstance(line, bytes) else json.dumps(line).encode()
        for stream in self.streams:
            stream.put_nowait(raw)

    def drop_streams(self) -> None:
        for stream in self.streams:
            stream.put_nowait(None)

    def trouble(self, name: str, *troubles: Trouble) -> None:
        """The next calls of ``name`` meet these."""
        self.troubles.setdefault(name, []).extend(troubles)

    def asked(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    @property
    def replies(self) -> list[Json]:
        """The posts of the account."""
        return [call.body for call in self.calls if call.name == "create" and call.acted]

    def includes(self, posts: list[Json]) -> Json:
        """The authors, and the posts that these refer to."""
        users = [
            {
                "id": post["author_id"],
                "username": f"user{post['author_id']}",
                "name": "小王",
                "public_metrics": {"followers_count": 12},
            }
            for post in posts
        ]
        wanted = {
            int(str(item["id"]))
            for post in posts
            for item in map(as_dict, as_items(post.get("referenced_tweets")))
        }
        found = [self.posts[number] for number in sorted(wanted) if number in self.posts]
        return {"users": users, "tweets": found}
