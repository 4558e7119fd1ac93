"""kill -9 in the middle of sixty items of Reddit: each stored once, in order, answered once."""

from collections import Counter
from pathlib import Path

import pytest

from core.model.events import EventKind
from tests.connectors.reddit.server import ID, PASSWORD, SECRET, USER, RedditServer, reddit_server
from tests.crash.served import COMPLAINT, PRAISE, QUESTION, ServedSite

POINTS = ("before-persist:2", "after-persist:2", "after-record:20", "before-send:3", "after-send:4")


class Batch:
    """Sixty items in three listings, and which of them are owed a reply."""

    def __init__(self, server: RedditServer) -> None:
        self.comments: list[str] = []
        self.posts: list[str] = []
        self.messages: list[str] = []
        self.owed: set[str] = set()
        """Full names of what is answered in public, and who is in private."""
        for number in range(60):
            author = f"shopper_{number}"
            match number % 5:
                case 0 | 1:
                    self.comments.append(server.comment(f"u/{USER} {QUESTION}", author=author))
                    self.owed.add(self.comments[-1])
                case 2:
                    self.comments.append(server.comment(PRAISE, author=author))
                case 3:
                    self.posts.append(server.post(PRAISE, author=author))
                case _:
                    self.messages.append(server.message(COMPLAINT, author=author))
                    self.owed.add(author)


def answers(server: RedditServer) -> Counter[str]:
    """Number of answers to each item: in public under it, in private its author by name."""
    return Counter(str(one["parent_id"] or one["dest"]) for one in server.posted)


@pytest.mark.crash
async def test_sixty_items_survive_kill_9(tmp_path: Path) -> None:
    async with reddit_server() as server:
        server.page = 25
        batch = Batch(server)
        site = ServedSite(
            tmp_path,
            {
                "name": "reddit",
                "type": "reddit",
                "client_id": ID,
                "client_secret": SECRET,
                "username": USER,
                "password": PASSWORD,
                "base_url": server.url,
                "subreddits": ["shop"],
                "poll_seconds": 0.2,
                "recheck_seconds": 0.5,
            },
        )

        def sent() -> int:
            return len(server.posted)

        for point in POINTS:
            await site.killed_at(point)
        before = sent()
        await site.killed_within(0.3, lambda: sent() > before)
        edited, deleted = batch.comments[0], batch.posts[1]
        server.items[edited] |= {"body": f"u/{USER} {QUESTION}!", "edited": 1_772_359_000.0}
        server.items[deleted] |= {"selftext": "[deleted]", "title": "[deleted]", "author": "x"}
        await site.run_until_quiet(
            lambda: answers(server), lambda: len(answers(server)) >= len(batch.owed)
        )
        kept = await site.kept()

    assert kept.stored == 62, "sixty items, an edit and a deletion"
    assert kept.ids(EventKind.COMMENT) == batch.comments
    assert kept.ids(EventKind.POST) == [name for name in batch.posts if name != deleted]
    assert kept.ids(EventKind.MESSAGE) == batch.messages
    assert kept.ids(EventKind.EDIT) == [edited]
    assert kept.counts.dropped["deleted"] == 1

    assert set(answers(server)) == batch.owed
    assert set(answers(server).values()) == {1}
    assert not kept.unsure(), "what Reddit shows, no person has to look for"
