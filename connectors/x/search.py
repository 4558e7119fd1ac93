"""Asks X for posts: new ones by search and mentions, known ones by id for their metrics.

X returns pages newest first; they are sorted here, so that a post is stored only together with all
posts before it.

Sources: https://docs.x.com/x-api/posts/search/introduction,
https://docs.x.com/x-api/posts/lookup/introduction
"""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from connectors.json_fields import JsonObject
from connectors.x.account import XAccount
from connectors.x.client import XApi, XResults
from connectors.x.errors import XFault, XRequestError
from connectors.x.events import XPost, created_at, newest_version, read_metrics
from connectors.x.fields import native_id
from connectors.x.limits import ReadBudget
from connectors.x.seen import SeenPosts, deletion_of, read_posts
from core.clock import Clock
from core.model.events import Event, Metrics, Page, Reject
from core.ports import Intake

SEARCH_WINDOW: Final = timedelta(days=7)
"""Age of the oldest post that X's recent search returns."""
_BATCH: Final = 100
"""Posts in one lookup."""


class FetchesPage(Protocol):
    """Requests one page of posts with an id after ``since``, at most ``most``."""

    def __call__(
        self, *, since: int | None, most: int, page: str | None
    ) -> Awaitable[XResults]: ...


@dataclass(kw_only=True, slots=True)
class SearchResults:
    """New posts, and whether all of them were read."""

    posts: list[XPost] = field(default_factory=list)
    """Oldest first, each version once."""
    rejects: list[Reject] = field(default_factory=list)
    truncated: bool = False
    """True if older posts were left out, beyond the allowed number."""
    newest: int = 0
    """The highest id in any answer, also of posts that are not new."""


class XSearch:
    """Finds new posts that mention one account or match its rules."""

    def __init__(
        self,
        *,
        api: XApi,
        me: XAccount,
        rules: Sequence[str],
        longest: int,
        budget: ReadBudget,
        clock: Clock,
    ) -> None:
        """``longest``: most characters in one search query."""
        self._api = api
        self._me = me
        self._queries = combine_rules(rules, longest)
        self._budget = budget
        self._clock = clock

    async def find(self, channel: str, *, since: int | None, most: int) -> SearchResults:
        """Read the newest posts with an id after ``since``, about ``most`` of them.

        Raises XRequestError.
        """
        found = SearchResults()
        posts: dict[int, XPost] = {}
        rejects: dict[str, Reject] = {}
        sources: list[tuple[FetchesPage, bool]] = [(self._mentions, False)]
        sources += [(self._search(query), True) for query in self._queries]
        for fetch, recent in sources:
            for answer in await self._pages(fetch, since, recent, most - len(posts), found):
                new, unreadable = read_posts(
                    answer.data, answer.includes, self._me, channel=channel
                )
                for post in new:
                    posts.setdefault(post.version, post)
                rejects |= {reject.id: reject for reject in unreadable}
        found.posts = [posts[number] for number in sorted(posts)]
        found.rejects = list(rejects.values())
        return found

    async def _pages(
        self, fetch: FetchesPage, since: int | None, recent: bool, most: int, found: SearchResults
    ) -> list[XResults]:
        """Read all pages of one source; a repeated page token ends it."""
        if recent and since is not None and self._is_too_old(since):
            since = None
        pages: list[XResults] = []
        tokens: set[str] = set()
        token: str | None = None
        count = 0
        while True:
            if count >= min(most, self._budget.left):
                found.truncated = True
                return pages
            try:
                answer = await fetch(since=since, most=most - count, page=token)
            except XRequestError as error:
                if not (recent and since is not None and _says_too_old(error)):
                    raise
                since = None
                continue
            self._budget.spend(answer.billed)
            found.newest = max([found.newest, *map(_number, answer.data)])
            pages.append(answer)
            count += len(answer.data)
            token = answer.next_page
            if token is None or token in tokens:
                return pages
            tokens.add(token)

    async def _mentions(self, *, since: int | None, most: int, page: str | None) -> XResults:
        return await self._api.mentions(self._me.id, since=since, most=most, page=page)

    def _search(self, query: str) -> FetchesPage:
        async def fetch(*, since: int | None, most: int, page: str | None) -> XResults:
            return await self._api.search(query, since=since, most=most, page=page)

        return fetch

    def _is_too_old(self, since: int) -> bool:
        made = created_at(since)
        return made is not None and self._clock.now() - made > SEARCH_WINDOW


def combine_rules(rules: Sequence[str], longest: int) -> list[str]:
    """Combine rules into as few queries as possible; an overlong rule gets one of its own."""
    found: list[str] = []
    for rule in rules:
        part = f"({rule})"
        if found and len(found[-1]) + len(" OR ") + len(part) <= longest:
            found[-1] += f" OR {part}"
        else:
            found.append(part)
    return found


def _number(post: object) -> int:
    number = native_id(post.get("id")) if isinstance(post, dict) else None
    return int(number or 0)


def _says_too_old(error: XRequestError) -> bool:
    return error.fault is XFault.REJECTED and error.status == 400 and "since_id" in error.text


class XEngagement:
    """Reads metrics again; edits and deletions that it notices are stored as events."""

    def __init__(
        self,
        *,
        channel: str,
        api: XApi,
        budget: ReadBudget,
        seen: SeenPosts,
        intake: Intake,
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._api = api
        self._budget = budget
        self._seen_posts = seen
        self._intake = intake
        self._clock = clock

    async def fetch(self, ids: Sequence[str], me: XAccount) -> Mapping[str, Metrics | None]:
        """As core.connector.ReadsEngagement; posts beyond the budget are left out.

        Raises XRequestError if nothing at all could be read, and StoreError.
        """
        found: dict[str, Metrics | None] = {}
        numbers = [number for number in dict.fromkeys(ids) if native_id(number) == number]
        for start in range(0, len(numbers), _BATCH):
            if not self._budget.may_reread():
                break
            batch = numbers[start : start + _BATCH]
            try:
                answer = await self._lookup(batch)
            except XRequestError:
                if not found:
                    raise
                break
            posts = {native_id(post.get("id")): post for post in _objects(answer.data)}
            found |= {n: read_metrics(posts[n]) for n in batch if n in posts}
            gone = [number for number in answer.gone if number in batch]
            found |= dict.fromkeys(gone)
            await self._store(gone, await self._edited(_objects(answer.data), me))
        return found

    async def _lookup(self, numbers: Sequence[str]) -> XResults:
        answer = await self._api.lookup(numbers)
        self._budget.spend(answer.billed)
        return answer

    async def _edited(self, posts: Iterable[JsonObject], me: XAccount) -> list[Event]:
        """Read newer versions that were not stored; a failure only delays them."""
        newer = {newest_version(post): post.get("id") for post in posts}
        unseen = [
            new
            for new, asked in newer.items()
            if new and new != asked and not self._seen_posts.find(new)
        ]
        if not unseen:
            return []
        try:
            answer = await self._lookup(unseen[:_BATCH])
        except XRequestError:
            return []
        found, _ = read_posts(answer.data, answer.includes, me, channel=self._channel)
        self._seen_posts.add(found)
        return [post.event for post in found]

    async def _store(self, gone: Iterable[str], edited: Sequence[Event]) -> None:
        now = self._clock.now()
        deletions = [deletion_of(n, self._seen_posts, channel=self._channel, at=now) for n in gone]
        if deletions or edited:
            await self._intake.accept(self._channel, Page(events=(*edited, *deletions)))


def _objects(items: Iterable[object]) -> list[JsonObject]:
    return [item for item in items if isinstance(item, dict)]
