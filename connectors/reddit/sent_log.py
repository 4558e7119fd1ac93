"""What the account itself has written, so that a reply in doubt is found and never sent twice."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from connectors.reddit.account import Account
from connectors.reddit.errors import ApiError, Fault
from connectors.reddit.events import Thing

log = logging.getLogger(__name__)

_MANY: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a reply goes: under a thing, or as a new private message."""

    thing: str | None = None
    """Full name of the comment, submission or message that is answered."""
    to: str | None = None
    """The account that is written to, where there is nothing to answer."""

    @property
    def private(self) -> bool:
        return self.thing is None or self.thing.startswith("t4")


class OwnWords:
    """The last hundred comments and messages of the account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._names: dict[str, None] = {}
        self._earlier: list[Thing] | None = None

    @property
    def names(self) -> Collection[str]:
        """Full names of what it wrote in public, as far as is known."""
        return self._names.keys()

    def add(self, name: str) -> None:
        """It has just written this."""
        self._names[name] = None

    async def learn(self, *, urgent: bool = False) -> None:
        """Read once what earlier processes have written; raises ApiError."""
        if self._earlier is None:
            self._earlier = await self._public(urgent=urgent)

    async def sent_earlier(self, place: Place, body: str) -> str | None:
        """Full name of this very reply where an earlier process has sent it in public."""
        await self.learn(urgent=True)
        return _find(self._earlier or [], place, body)

    async def find(self, place: Place, body: str) -> str | None:
        """Full name of this very reply, asked of Reddit now; raises ApiError."""
        things = await self._private() if place.private else await self._public(urgent=True)
        return _find(things, place, body)

    async def _public(self, *, urgent: bool) -> list[Thing]:
        things = await self._read(f"user/{await self._account.who()}/comments", urgent=urgent)
        for thing in things:
            self.add(thing.name)
        return things

    async def _private(self) -> list[Thing]:
        return await self._read("message/sent/", urgent=True)

    async def _read(self, path: str, *, urgent: bool) -> list[Thing]:
        try:
            listing = await self._account.listing(path, {"limit": _MANY}, urgent=urgent)
            return list(listing.things)
        except ApiError as error:
            if error.fault not in (Fault.FORBIDDEN, Fault.ABSENT):
                raise
            log.warning("own words cannot be read", extra={"path": path, "error": error.text})
            return []


def _find(things: list[Thing], place: Place, body: str) -> str | None:
    for thing in things:
        if place.thing is not None and thing.data.get("parent_id") != place.thing:
            continue
        if place.to is not None and not _same_name(thing.data.get("dest"), place.to):
            continue
        if _plain(thing.data.get("body")) == _plain(body):
            return thing.name
    return None


def _same_name(dest: object, to: str) -> bool:
    """Reddit writes the receiver in capitals or not, and a subreddit with its sign."""
    shown = dest.lower().lstrip("#/") if isinstance(dest, str) else ""
    return shown.removeprefix("r/") == to.lower().lstrip("/").removeprefix("r/")


def _plain(body: object) -> str:
    """Reddit trims what it is given."""
    return body.replace("\r\n", "\n").strip() if isinstance(body, str) else ""
