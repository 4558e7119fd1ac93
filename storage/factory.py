"""A store by its URL."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from core.clock import Clock
from core.errors import ConfigError, Problem, StoreError
from storage.encryption import NO_KEY, RING, Keys, WrongKey, parse_key, rotated
from storage.portable import Progress
from storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from storage.mongo.store import MongoStore

AnyStore: TypeAlias = "SqliteStore | MongoStore"


def sqlite_path(url: str) -> Path | None:
    """The file of ``sqlite:PATH``; ``None`` for another kind of URL."""
    scheme, _, rest = url.partition(":")
    return Path(rest) if scheme == "sqlite" and rest else None


async def open_store(url: str, *, clock: Clock, keys: Keys = NO_KEY) -> AnyStore:
    """Open the store that ``url`` names: ``sqlite:PATH`` or ``mongodb://HOST:PORT/DATABASE``.

    ``keys.master`` is the value of ``TINGFENG_KEY``.

    Raises ConfigError for a URL that names none, and StoreError with the remedy for one that
    cannot be opened.
    """
    require_store_url(url)
    path = sqlite_path(url)
    if path is not None:
        return await SqliteStore.open(path, clock=clock, keys=keys)
    from storage.mongo.store import MongoStore  # noqa: PLC0415 - half a second of a start

    return await MongoStore.open(url, clock=clock, keys=keys)


def require_store_url(url: str) -> None:
    """Raise ConfigError for a URL that names no store; opens nothing."""
    if sqlite_path(url) is not None or url.startswith(("mongodb://", "mongodb+srv://")):
        return
    problem = Problem(
        key="store.url",
        message="没有指明数据库 it names no store",  # the URL may hold a password
        remedy="请写 Write sqlite:PATH, for example sqlite:data/tingfeng.db, "
        "or mongodb://HOST/DATABASE.",
    )
    raise ConfigError((problem,))


async def rotate_key(
    url: str, *, clock: Clock, old: str, new: str, by: str, tell: Callable[[Progress], None]
) -> int:
    """Make ``new`` the key of the store, and seal everything anew; returns how many records.

    Processes that run go on with what they know: what they write until their next start is sealed
    anew when this is repeated. If it was broken off, it goes on where it stopped. Raises StoreError
    where ``old`` does not fit, or where the store is not encrypted.
    """
    if not await _is_rotated(url, clock=clock, new=new):
        await _rotate(url, clock=clock, old=old, new=new, by=by)
    store = await open_store(url, clock=clock, keys=Keys(master=new))
    try:
        return await store.rows.reseal(tell)
    finally:
        await store.close()


async def _is_rotated(url: str, *, clock: Clock, new: str) -> bool:
    """True where ``new`` is the key already."""
    parse_key(new)
    try:
        store = await open_store(url, clock=clock, keys=Keys(master=new, as_is=True))
    except WrongKey:
        return False
    try:
        return await store.values.get(RING) is not None
    finally:
        await store.close()


async def _rotate(url: str, *, clock: Clock, old: str, new: str, by: str) -> None:
    store = await open_store(url, clock=clock, keys=Keys(master=old))
    try:
        ring = await store.values.get(RING)
        if ring is None:
            raise StoreError(
                f"{url} is not encrypted. Move it to a new store with `python run.py migrate` "
                f"while TINGFENG_KEY is set."
            )
        await store.values.set(RING, rotated(ring, old, new, url))
        await store.audit.note(who=by, what="rotate", about="key")
    finally:
        await store.close()
