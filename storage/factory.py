"""A store by its URL."""

from pathlib import Path

from core.clock import Clock
from core.errors import ConfigError, Problem
from storage.sqlite import SqliteStore


def sqlite_path(url: str) -> Path | None:
    """The file of ``sqlite:PATH``; ``None`` for another kind of URL."""
    scheme, _, rest = url.partition(":")
    return Path(rest) if scheme == "sqlite" and rest else None


async def open_store(url: str, *, clock: Clock) -> SqliteStore:
    """Open the store that ``url`` names; raises ConfigError for a URL that names none."""
    path = sqlite_path(url)
    if path is not None:
        return await SqliteStore.open(path, clock=clock)
    problem = Problem(
        key="store.url",
        message=f"{url!r} names no store",
        remedy="Write sqlite:PATH, for example sqlite:data/tingfeng.db.",
    )
    raise ConfigError((problem,))
