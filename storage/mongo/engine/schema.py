"""The indexes, by version; the setting ``schema`` says which version a database has."""

from collections.abc import Awaitable, Callable
from typing import Final

from core.errors import SchemaTooNew
from storage.mongo.engine.link import Link, index, unique
from storage.mongo.engine.tx import integer
from storage.records import PENDING


async def _first(link: Link) -> None:
    await link.table("events").index(
        [
            unique("channel", "id", "revision", name="key"),
            index("owner", "_id", where={"state": PENDING}, name="pending"),
            index("author", name="author"),
        ]
    )
    await link.table("mentions").index(
        [
            index("words", "_id", name="words"),
            index("filters", "_id", name="filters"),
            index("posted", "negative", name="posted"),
        ]
    )
    await link.table("replies").index(
        [
            index("state", "channel", "due", name="waiting"),
            index("mention", name="mention"),
            index("channel", "reply_to", name="reply_to"),
            index("channel", "conversation", name="conversation"),
        ]
    )
    await link.table("tickets").index(
        [
            unique("origin", where={"origin": {"$exists": True}}, name="origin"),
            index("severity", "due", "ordinal", "_id", name="urgent"),
            index("channel", "conversation", name="conversation"),
            index("words", name="words"),
        ]
    )
    await link.table("lines").index(
        [
            index("channel", "conversation", "_id", name="conversation"),
            unique("channel", "conversation", "direction", "native", name="native"),
        ]
    )
    await link.table("dead_letters").index(
        [
            unique("channel", "native", where={"reject": True}, name="rejects"),
            unique("seq", where={"seq": {"$gt": 0}}, name="seq"),
        ]
    )
    await link.table("alerts").index(
        [index("created", "_id", name="newest"), index("state", name="state")]
    )
    await link.table("deliveries").index([index("receiver", "delivered", "due", name="due")])
    await link.table("incidents").index(
        [unique("key", where={"state": "open"}, name="open"), index("last", name="latest")]
    )


async def _second(link: Link) -> None:
    assigned = {"incident": {"$exists": True}}
    await link.table("mentions").index(
        [
            index("incident", "posted", where=assigned, name="incident"),
            index("incident", "_id", where=assigned, name="of_incident"),
            index("ticket", where={"ticket": {"$gt": ""}}, name="ticket"),
        ]
    )
    await link.table("alerts").index(
        [
            index("state", "created", name="live"),
            index("tell", where={"tell": {"$exists": True}}, name="tell"),
        ]
    )
    await link.table("deliveries").index([index("_id.alert", name="alert")])
    await link.table("deliveries").change_all({}, {"$unset": {"body": ""}})
    await link.table("conversations").index([index("updated", name="updated")])
    await link.table("silences").index([index("until", name="until")])
    await link.table("corrections").index([index("at", name="at")])
    await link.table("tracked").index([index("channel", "next_at", name="due")])


MIGRATIONS: Final[tuple[Callable[[Link], Awaitable[None]], ...]] = (_first, _second)
"""Steps from version n to n + 1, by n. A step may run twice, and changes nothing then."""

VERSION: Final = len(MIGRATIONS)


async def migrate(link: Link) -> None:
    """Bring the database up to ``VERSION``; raises SchemaTooNew beyond it."""
    settings = link.table("numbers")
    found = await settings.one({"_id": "schema"})
    version = integer(found, "last") if found else 0
    if version > VERSION:
        raise SchemaTooNew(
            f"{link.where} was written by a newer Tingfeng (schema {version}, this one knows "
            f"{VERSION}). Install that version or newer, or name another database in store.url."
        )
    for step in MIGRATIONS[version:]:
        await step(link)
    if version < VERSION:
        await settings.change({"_id": "schema"}, {"$max": {"last": VERSION}}, upsert=True)
