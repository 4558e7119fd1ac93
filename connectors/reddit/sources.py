"""What is read: one listing of Reddit's each, and which of them may not be read just now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connectors.reddit.settings import RedditSettings
from core.clock import Clock

_REST: Final = 600.0
"""How long a source that may not be read is left alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One listing."""

    key: str
    """In the cursor and for people."""
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)


def sources_of(settings: RedditSettings) -> tuple[Source, ...]:
    """The inbox first: what is in it as well as elsewhere counts as addressed to the brand."""
    found: list[Source] = []
    if settings.inbox:
        found.append(Source(key="inbox", path="message/inbox/"))
        found.append(Source(key="mentions", path="message/mentions"))
    for name in settings.subreddits:
        found.append(Source(key=f"r/{name}/new", path=f"r/{name}/new"))
        found.append(Source(key=f"r/{name}/comments", path=f"r/{name}/comments"))
    for term in settings.search:
        params = {"q": term, "sort": "new", "t": "all", "type": "link", "restrict_sr": "false"}
        found.append(Source(key=f"search {term}", path="r/all/search/", params=params))
    return tuple(found)


class Resting:
    """Sources that Reddit does not let the account read, with the reason."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, tuple[float, str]] = {}

    def add(self, source: Source, reason: str) -> None:
        """Leave it alone for ten minutes."""
        self._until[source.key] = (self._clock.monotonic() + _REST, reason)

    def has(self, source: Source) -> bool:
        """True where it is left alone now."""
        until, _ = self._until.get(source.key, (0.0, ""))
        return until > self._clock.monotonic()

    def forget(self, source: Source) -> None:
        """It can be read again."""
        self._until.pop(source.key, None)

    def facts(self) -> Sequence[tuple[str, str]]:
        """(source, reason) of each."""
        return [(key, reason) for key, (_, reason) in self._until.items()]
