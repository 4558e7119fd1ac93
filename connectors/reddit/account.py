"""One account as it is seen through the API: its name, and listings read under the budget."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from connectors.reddit.client import RedditClient
from connectors.reddit.errors import RedditFault, RedditRequestError
from connectors.reddit.events import RedditListing, read_listing
from connectors.reddit.limits import RedditLimits
from core.clock import Clock
from core.errors import ConnectorError, InputError

_PATIENCE: Final = 30.0


class RedditAccount:
    """Reads in its turn; every method raises RedditRequestError and nothing else."""

    def __init__(
        self, *, client: RedditClient, budget: RedditLimits, clock: Clock, given: str | None
    ) -> None:
        """``given``: the name in the settings, for a credential that may not ask for it."""
        self._given = given
        self.name: str | None = None
        """Known once ``who`` was asked."""
        self.last_contact: datetime | None = None
        """When Reddit last answered with something that could be read."""
        self._client = client
        self._budget = budget
        self._clock = clock

    async def who(self) -> str:
        """The account's name; asked of Reddit once."""
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
        """The account's name, asked of Reddit now."""
        answer = await self._client.get("api/v1/me")
        name = answer.get("name") if isinstance(answer, dict) else None
        if not isinstance(name, str) or not name:
            raise RedditRequestError(RedditFault.UNCLEAR, "the answer does not name the account")
        return name

    async def scopes(self) -> frozenset[str]:
        """What the credential may do; ``*`` is everything."""
        return await self._client.scopes()

    async def listing(
        self, path: str, params: Mapping[str, str | int], *, urgent: bool = False
    ) -> RedditListing:
        """One page, once the budget allows it.

        ``urgent``: a reply depends on it, so it takes what is kept for replies, and gives up where
        Reddit has asked for a long pause.
        """
        wait = self._budget.writing() if urgent else self._budget.reading()
        if urgent and wait > _PATIENCE:
            raise RedditRequestError(RedditFault.WAIT, "Reddit has asked to wait", seconds=wait)
        await self._clock.sleep(wait)
        answer = await self._client.get(path, params)
        try:
            listing = read_listing(answer)
        except InputError as error:
            raise RedditRequestError(RedditFault.UNCLEAR, str(error)) from error
        self.last_contact = self._clock.now()
        return listing

    async def info(self, names: Sequence[str]) -> RedditListing:
        """What at most a hundred full names stand for now."""
        return await self.listing("api/info/", {"id": ",".join(names)})

    def reading(self, error: RedditRequestError) -> ConnectorError:
        """What an error means for reading; a pause that Reddit asks for holds replies as well."""
        if error.fault is RedditFault.WAIT and error.seconds is not None:
            self._budget.hold(error.seconds)
        return error.reading()
