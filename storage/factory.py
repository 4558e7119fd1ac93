"""A store by its URL."""

from pathlib import Path

from core.clock import Clock
from core.errors import ConfigError, Problem
from storage.mongodb import MongoStore
from storage.seal import Seal
from storage.sqlite import SqliteStore

AnyStore = SqliteStore | MongoStore


def sqlite_path(url: str) -> Path | None:
    """The file of ``sqlite:PATH``; ``None`` for another kind of URL."""
    scheme, _, rest = url.partition(":")
    return Path(rest) if scheme == "sqlite" and rest else None


async def open_store(url: str, *, clock: Clock, seal: Seal | None = None) -> AnyStore:
    """Open the store that ``url`` names: ``sqlite:PATH`` or ``mongodb://HOST:PORT/DATABASE``.

    Raises ConfigError for a URL that names none, and StoreError with the remedy for one that
    cannot be opened.
    """
    path = sqlite_path(url)
    if path is not None:
        return await SqliteStore.open(path, clock=clock, seal=seal)
    if url.startswith(("mongodb://", "mongodb+srv://")):
        return await MongoStore.open(url, clock=clock, seal=seal)
    problem = Problem(
        key="store.url",
        message=f"{url!r} names no store",
        remedy="Write sqlite:PATH, for example sqlite:data/tingfeng.db, or mongodb://HOST/DATABASE.",
    )
    raise ConfigError((problem,))
