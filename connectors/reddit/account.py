"""One account, read through the API within the rate limits: its name and its listings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from connectors.reddit.client import RedditClient
from connectors.reddit.errors import RedditFault, RedditRequestError
from connectors.reddit.events import RedditListing, read_listing
from connectors.reddit.limits import RedditLimits
from core.clock import Clock
from core.errors import ConnectorError, InputError

_MOST_WAIT: Final = 30.0


class RedditAccount:
    """The account; every method raises RedditRequestError and nothing else."""

    def __init__(
        self, *, client: RedditClient, limits: RedditLimits, clock: Clock, given: str | None
    ) -> None:
        """``given``: the name in the settings, for a credential without the scope ``identity``."""
        self._given = given
        self.name: str | None = None
        """Known after the first call of ``who``."""
        self.last_contact: datetime | None = None
        """Time of Reddit's last readable answer."""
        self._client = client
        self._limits = limits
        self._clock = clock

    async def who(self) -> str:
        """The account's name; requested once."""
        if self.name is None:
            try:
                self.name = await self.ask_name()
            except RedditRequestError as error:
                if self._given is None or error.fault not in (
                    RedditFault.FORBIDDEN,
                    RedditFault.ABSENT,
                ):
                    raise
                self.name = self._given
        return self.name

    async def ask_name(self) -> str:
        """Request the account's name."""
        answer = await self._client.get("api/v1/me")
        name = answer.get("name") if isinstance(answer, dict) else None
        if not isinstance(name, str) or not name:
            raise RedditRequestError(RedditFault.UNCLEAR, "the answer does not name the account")
        return name

    async def scopes(self) -> frozenset[str]:
        """The scopes of the credential; ``*`` is all of them."""
        return await self._client.scopes()

    async def listing(
        self, path: str, params: Mapping[str, str | int], *, urgent: bool = False
    ) -> RedditListing:
        """Request one page as soon as the rate limits allow it.

        ``urgent``: a reply waits for it, so that it may use the requests reserved for replies, and
        fails instead of waiting if Reddit has asked for a long pause.
        """
        wait = self._limits.write_wait() if urgent else self._limits.read_wait()
        if urgent and wait > _MOST_WAIT:
            raise RedditRequestError(RedditFault.WAIT, "rate limited by Reddit", retry_after=wait)
        await self._clock.sleep(wait)
        answer = await self._client.get(path, params)
        try:
            listing = read_listing(answer)
        except InputError as error:
            raise RedditRequestError(RedditFault.UNCLEAR, str(error)) from error
        self.last_contact = self._clock.now()
        return listing

    async def info(self, names: Sequence[str]) -> RedditListing:
        """The current state of at most 100 things, by full name."""
        return await self.listing("api/info/", {"id": ",".join(names)})

    def as_reading_error(self, error: RedditRequestError) -> ConnectorError:
        """The error to raise from ``pages``; a pause that Reddit asks for also holds replies."""
        if error.fault is RedditFault.WAIT and error.retry_after is not None:
            self._limits.hold(error.retry_after)
        return error.as_reading_error()
