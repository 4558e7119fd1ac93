"""Reads posts again: their figures, and whether they were edited or are gone.

Source: https://docs.x.com/x-api/posts/lookup/introduction
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from connectors.json_fields import Object
from connectors.x.budget import Budget
from connectors.x.cache import Known
from connectors.x.client import Answer, XApi
from connectors.x.errors import ApiError
from connectors.x.events import Me, native_id, newest_version, read_metrics
from connectors.x.payloads import read_posts, withdrawal
from core.clock import Clock
from core.events import Event, Metrics, Page
from core.ports import Intake

_BATCH: Final = 100
_GONE: Final = ("resource-not-found", "not-authorized-for-resource")
"""Deleted, or no longer public: the account is protected or suspended."""


class Figures:
    """Reads for one channel; what has changed is stored as events."""

    def __init__(
        self,
        *,
        channel: str,
        api: XApi,
        budget: Budget,
        known: Known,
        intake: Intake,
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._api = api
        self._budget = budget
        self._known = known
        self._intake = intake
        self._clock = clock

    async def fetch(self, ids: Sequence[str], me: Me) -> Mapping[str, Metrics | None]:
        """As core.connector.Engagement; what the budget forbids to read is not answered.

        Raises ApiError where nothing at all could be read, and StoreError.
        """
        found: dict[str, Metrics | None] = {}
        numbers = [number for number in dict.fromkeys(ids) if native_id(number) == number]
        for start in range(0, len(numbers), _BATCH):
            if not self._budget.may_reread():
                break
            batch = numbers[start : start + _BATCH]
            try:
                answer = await self._lookup(batch)
            except ApiError:
                if not found:
                    raise
                break
            figures = {native_id(post.get("id")): post for post in _objects(answer.data)}
            found |= {n: read_metrics(figures[n]) for n in batch if n in figures}
            lost = [number for number in missing(answer) if number in batch]
            found |= dict.fromkeys(lost)
            await self._tell(lost, await self._edited(_objects(answer.data), me))
        return found

    async def _lookup(self, numbers: Sequence[str]) -> Answer:
        answer = await self._api.lookup(numbers)
        self._budget.spend(answer.read)
        return answer

    async def _edited(self, posts: Iterable[Object], me: Me) -> list[Event]:
        """Versions that we have not seen; that they cannot be read now does no harm."""
        newer = {newest_version(post): post.get("id") for post in posts}
        unseen = [n for n, asked in newer.items() if n and n != asked and not self._known.find(n)]
        if not unseen:
            return []
        try:
            answer = await self._lookup(unseen[:_BATCH])
        except ApiError:
            return []
        found, _ = read_posts(answer.data, answer.includes, me, channel=self._channel)
        self._known.note(found)
        return [post.event for post in found]

    async def _tell(self, lost: Iterable[str], edited: Sequence[Event]) -> None:
        now = self._clock.now()
        gone = [withdrawal(n, self._known, channel=self._channel, at=now) for n in lost]
        if gone or edited:
            await self._intake.accept(self._channel, Page(events=(*edited, *gone)))


def missing(answer: Answer) -> list[str]:
    """Ids of the posts that X says are gone."""
    found = (
        native_id(error.get("resource_id") or error.get("value"))
        for error in answer.errors
        if str(error.get("type", "")).rpartition("/")[2] in _GONE
        or error.get("title") in {"Not Found Error", "Authorization Error"}
    )
    return [number for number in found if number is not None]


def _objects(items: Iterable[object]) -> list[Object]:
    return [item for item in items if isinstance(item, dict)]
