"""Reads what was posted since the last time, from the search and from the account's mentions.

X pages newest first; it is put in order here, so that whatever is stored is stored with all before
it.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from connectors.x.budget import Budget
from connectors.x.client import Answer, XApi
from connectors.x.errors import ApiError, Fault
from connectors.x.events import Me, Post, made_at, native_id
from connectors.x.payloads import read_posts
from core.clock import Clock
from core.events import Reject

SEARCHED: Final = timedelta(days=7)
"""How far back X's recent search goes."""


class Ask(Protocol):
    """Asks for one page."""

    def __call__(self, *, since: int | None, most: int, page: str | None) -> Awaitable[Answer]: ...


@dataclass(kw_only=True, slots=True)
class News:
    """What was found."""

    posts: list[Post] = field(default_factory=list)
    """Oldest first, each version once."""
    rejects: list[Reject] = field(default_factory=list)
    more: bool = False
    """There were older ones than were allowed to be read."""
    newest: int = 0
    """The highest id in any answer, of posts that are no news too."""


class Reader:
    """Reads for one account."""

    def __init__(
        self, *, api: XApi, me: Me, rules: Sequence[str], longest: int, budget: Budget, clock: Clock
    ) -> None:
        """``longest``: how long one search may be."""
        self._api = api
        self._me = me
        self._queries = queries(rules, longest)
        self._budget = budget
        self._clock = clock

    async def news(self, channel: str, *, since: int | None, most: int) -> News:
        """Posts behind ``since``, at most about ``most``, the newest; raises ApiError."""
        found = News()
        posts: dict[int, Post] = {}
        rejects: dict[str, Reject] = {}
        sources: list[tuple[Ask, bool]] = [(self._mentions, False)]
        sources += [(self._search(query), True) for query in self._queries]
        for ask, recent in sources:
            for answer in await self._pages(ask, since, recent, most - len(posts), found):
                new, odd = read_posts(answer.data, answer.includes, self._me, channel=channel)
                for post in new:
                    posts.setdefault(post.version, post)
                rejects |= {reject.id: reject for reject in odd}
        found.posts = [posts[number] for number in sorted(posts)]
        found.rejects = list(rejects.values())
        return found

    async def _pages(
        self, ask: Ask, since: int | None, recent: bool, most: int, found: News
    ) -> list[Answer]:
        """All pages of one source; what X repeats is asked for no further."""
        if recent and since is not None and self._is_too_old(since):
            since = None
        pages: list[Answer] = []
        tokens: set[str] = set()
        token: str | None = None
        count = 0
        while True:
            if count >= min(most, self._budget.left):
                found.more = True
                return pages
            try:
                answer = await ask(since=since, most=most - count, page=token)
            except ApiError as error:
                if not (recent and since is not None and _says_too_old(error)):
                    raise
                since = None
                continue
            self._budget.spend(answer.read)
            found.newest = max([found.newest, *map(_number, answer.data)])
            pages.append(answer)
            count += len(answer.data)
            token = answer.next
            if token is None or token in tokens:
                return pages
            tokens.add(token)

    async def _mentions(self, *, since: int | None, most: int, page: str | None) -> Answer:
        return await self._api.mentions(self._me.id, since=since, most=most, page=page)

    def _search(self, query: str) -> Ask:
        async def ask(*, since: int | None, most: int, page: str | None) -> Answer:
            return await self._api.search(query, since=since, most=most, page=page)

        return ask

    def _is_too_old(self, since: int) -> bool:
        made = made_at(since)
        return made is not None and self._clock.now() - made > SEARCHED


def queries(rules: Sequence[str], longest: int) -> list[str]:
    """As few searches as hold all rules; a rule too long for a search gets one of its own."""
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


def _says_too_old(error: ApiError) -> bool:
    return error.fault is Fault.REJECTED and error.status == 400 and "since_id" in error.text
