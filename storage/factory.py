"""A store by its URL."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from core.clock import Clock
from core.errors import ConfigError, Problem, StoreError
from storage.sqlite import SqliteStore
from storage.vault import NO_KEY, RING, Keys, rotated

if TYPE_CHECKING:
    from storage.mongodb import MongoStore

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
    path = sqlite_path(url)
    if path is not None:
        return await SqliteStore.open(path, clock=clock, keys=keys)
    if url.startswith(("mongodb://", "mongodb+srv://")):
        from storage.mongodb import MongoStore  # noqa: PLC0415 - half a second of a start

        return await MongoStore.open(url, clock=clock, keys=keys)
    problem = Problem(
        key="store.url",
        message=f"{url!r} names no store",
        remedy="Write sqlite:PATH, for example sqlite:data/tingfeng.db, or mongodb://HOST/DATABASE.",
    )
    raise ConfigError((problem,))


async def rotate_key(url: str, *, clock: Clock, old: str, new: str) -> None:
    """Make ``new`` the key of the store; processes that run go on with what they know.

    What is written from their next start on is sealed with a new data key. Raises StoreError
    where ``old`` does not fit, or where the store is not encrypted.
    """
    store = await open_store(url, clock=clock, keys=Keys(master=old))
    try:
        ring = await store.setting(RING)
        if ring is None:
            raise StoreError(
                f"{url} is not encrypted. Move it to a new store with `python run.py migrate` "
                f"while TINGFENG_KEY is set."
            )
        await store.set_setting(RING, rotated(ring, old, new, url))
    finally:
        await store.close()
