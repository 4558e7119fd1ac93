"""kill -9 in the middle of sixty posts on X: each stored once, in order, answered once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.model.events import EventKind
from tests.connectors.x.protocol import KEYS, TOKEN
from tests.connectors.x.server import XServer, x_server
from tests.crash.served import PRAISE, QUESTION, ServedSite

POINTS = ("before-persist:2", "after-persist:1", "after-record:5", "before-send:3", "after-send:4")


def answers(server: XServer) -> Counter[str]:
    """Number of answers, by post."""
    replies = [reply["reply"] for reply in server.replies]
    return Counter(
        str(reply["in_reply_to_tweet_id"]) for reply in replies if isinstance(reply, dict)
    )


@pytest.mark.crash
async def test_sixty_posts_survive_kill_9(tmp_path: Path) -> None:
    async with x_server() as server:
        server.start = datetime.now(UTC) - timedelta(hours=1)
        server.page, server.shuffle = 25, True
        posts: list[str] = []
        owed: set[str] = set()
        for number in range(56):
            asks = number % 3 < 2
            text = f"@xmart {QUESTION}" if asks else PRAISE
            posts.append(server.say(text, mention=asks, author=f"{1000 + number}"))
            owed |= {posts[-1]} if asks else set()
        site = ServedSite(
            tmp_path,
            {
                "name": "x",
                "type": "x",
                "bearer_token": TOKEN,
                "base_url": server.url,
                "rules": ["禾家"],
                "sweep_seconds": 1,
                **KEYS,
            },
        )

        for point in POINTS:
            await site.killed_at(point)
        before = len(server.replies)
        await site.killed_within(0.3, lambda: len(server.replies) > before)
        while_down = server.say(PRAISE, mention=False, author="2000")
        edited = server.edit(posts[0], f"@xmart {QUESTION}!")
        server.posts[int(edited)] |= {"author_id": "1000", "entities": {"mentions": [{"id": "42"}]}}

        def connected() -> bool:
            return len(answers(server)) >= len(owed) and bool(server.streams)

        live: list[str] = []

        def state() -> object:
            if not live:
                live.append(server.say(PRAISE, mention=False, author="2001"))
                live.append(server.say(f"@xmart {QUESTION}", author="2002"))
                server.push({"data": {"id": live[0], "author_id": "2001", "text": PRAISE}})
                server.deleted.add(int(live[0]))
                server.push({"delete": {"tweet": {"id": live[0], "author_id": "2001"}}})
            return answers(server)

        await site.run_until_quiet(state, connected)
        owed.add(live[1])
        kept = await site.kept()

    assert kept.stored == 61, "fifty-nine posts, an edit and a deletion"
    assert kept.ids(EventKind.POST) == [*posts, while_down, live[1]]
    assert kept.ids(EventKind.EDIT) == [posts[0]]
    # Where a post and its deletion are taken in one batch, the post is dropped as well; else it is
    # recorded and then hidden.
    hidden = kept.counts.done - len(kept.mentions)
    assert kept.counts.dropped["deleted"] + hidden == 2

    assert set(answers(server)) == owed
    assert set(answers(server).values()) == {1}
    assert not kept.unsure(), "what X shows, no person has to look for"
