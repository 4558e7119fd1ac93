"""Incidents with posts in a store."""

from datetime import timedelta

from core.events import Author, EventKind
from core.incidents import Incident
from storage.sqlite.store import SqliteStore
from tests.console.seeds import NOW, add_mention, event, judgement, ticket

MOTHER = Author(id="m", name="妈妈小林", followers=300)


async def spread(store: SqliteStore, incident: Incident, posts: int = 6) -> list[int]:
    """A post by a mother, passed on and told in other words; all of the incident."""
    texts = (
        "禾家的吐司发霉了，孩子差点吃下去",
        "太可怕了//@妈妈小林: 禾家的吐司发霉了，孩子差点吃下去",
        "禾家的吐司真的发霉了，太恶心",
        "同样的吐司发霉了，店员态度恶劣不理人",
        "Hejia bread is mouldy, never again!",
    )
    seqs = []
    for number in range(posts):
        what = event(
            f"p{number}",
            texts[number % len(texts)],
            author=MOTHER if number == 0 else Author(id=f"a{number}", name=f"顾客{number}"),
            posted_at=NOW - timedelta(minutes=10 * (posts - number)),
            kind=EventKind.REPOST if number % 5 == 1 else EventKind.POST,
            reply_to="p0" if number == 2 else None,
        )
        judged = judgement(
            "negative" if number else "neutral", language="en" if number == 4 else "zh"
        )
        owed = ticket(await store.tickets.reserve_number(), what) if number == 0 else None
        seqs.append((await add_mention(store, what, judged=judged, ticket=owed)).seq)
    await store.incidents.assign(seqs, incident.id)
    return seqs
