"""Reddit: submissions and comments of chosen subreddits, search terms, the inbox and mentions.

Each source is read on from where the cursor stands, oldest first. What was delivered is looked at
again now and then, for Reddit tells nobody of edits, removals and deletions.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from connectors.context import ConnectorContext
from connectors.reddit.account import RedditAccount
from connectors.reddit.alerts import gap_alert
from connectors.reddit.client import RedditClient
from connectors.reddit.cursor import (
    RedditCursor,
    batches,
    edits,
    first_seen,
    has_changed,
    removals,
    watched_item,
)
from connectors.reddit.errors import RedditFault, RedditRequestError, nothing_to_read
from connectors.reddit.events import (
    RedditListing,
    RedditThing,
    author_of,
    event_of,
    fate_of,
    gone_event,
    is_public,
    metrics_of,
    reject_of,
)
from connectors.reddit.limits import RedditLimits
from connectors.reddit.receive import (
    PAGE,
    ListingSource,
    NewItems,
    UnreadableSources,
    listing_sources,
    read_new,
)
from connectors.reddit.send import RedditSender
from connectors.reddit.settings import WWW_URL, RedditSettings
from connectors.shutdown import Shutdown
from core.connector import SendResult
from core.errors import Unavailable
from core.events import Event, Metrics, Page
from core.outbox import Target

_PATIENCE: Final = 30.0
"""Who wants figures waits no longer than this for the budget."""


class Reddit:
    """One account."""

    def __init__(self, *, name: str, settings: RedditSettings, tools: ConnectorContext) -> None:
        self.name = name
        self._settings = settings
        self._tools = tools
        self._clock = tools.clock
        self._budget = RedditLimits(tools.clock)
        self._client = RedditClient(
            settings=settings, heard=self._budget.heard, now=tools.clock.now
        )
        self._account = RedditAccount(
            client=self._client, budget=self._budget, clock=tools.clock, given=settings.username
        )
        self._sender = RedditSender(
            client=self._client, account=self._account, budget=self._budget, clock=tools.clock
        )
        self._sources = listing_sources(settings)
        self._resting = UnreadableSources(tools.clock)
        self._closing = Shutdown()
        self._state = RedditCursor()
        self._suspects: set[str] = set()
        """Watched items that had changed when somebody else looked at them."""
        self._lag: float | None = None

    @property
    def last_contact(self) -> datetime | None:
        """When Reddit last answered with something that could be read."""
        return self._account.last_contact

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """What is new in every source behind ``cursor``, oldest first, until ``close``.

        Raises Unavailable and Refused.
        """
        state = self._state = RedditCursor.read(cursor)
        recent: dict[str, None] = {}
        if await self._closing.unless(self._prepare()) is None:
            return
        looked_at = self._clock.monotonic()
        while not self._closing.is_closed():
            for source in self._sources:
                async for page in self._read(source, state, recent):
                    yield page
            if all(self._resting.has(source) for source in self._sources):
                raise nothing_to_read(self._resting.facts())
            suspects, self._suspects = self._suspects & state.watch.keys(), set()
            if self._clock.monotonic() - looked_at >= self._settings.recheck_seconds:
                suspects, looked_at = set(state.watch), self._clock.monotonic()
            async for page in self._look_again(sorted(suspects), state):
                yield page
            await self._closing.unless(self._clock.sleep(self._settings.poll_seconds))

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends."""
        return await self._sender.send(target, text, key)

    def pause(self) -> float:
        """As core.connector.Paces: as long as Reddit has asked for."""
        return self._budget.writing()

    async def find_sent(self, target: Target, text: str, key: str) -> str | None:
        """As core.connector.ReadsBack: looks through the account's last hundred comments."""
        return await self._sender.find_sent(target, text)

    async def fetch_engagement(self, ids: Sequence[str]) -> Mapping[str, Metrics | None]:
        """As core.connector.Engagement; raises Unavailable and Refused."""
        figures: dict[str, Metrics | None] = {}
        for batch in batches(dict.fromkeys(name for name in ids if is_public(name))):
            if (wait := self._budget.reading()) > _PATIENCE:
                raise Unavailable("Reddit has asked to wait", retry_after=wait)
            try:
                listing = await self._account.info(batch)
            except RedditRequestError as error:
                raise self._account.reading(error) from error
            figures |= dict.fromkeys(batch)
            figures |= {
                thing.name: metrics_of(thing) if fate_of(thing) == "live" else None
                for thing in listing.things
                if thing.name in figures
            }
            self._suspects |= {
                thing.name for thing in listing.things if has_changed(thing, self._state)
            }
        return figures

    async def check(self) -> tuple[str, ...]:
        """Who the account is and what it may read; raises Refused and Unavailable."""
        try:
            me = await self._account.ask_name()
            scopes = await self._account.scopes()
            facts = [f"account: u/{me}", f"scopes: {', '.join(sorted(scopes))}"]
            facts.extend([f"{source.key}: {await self._try(source)}" for source in self._sources])
        except RedditRequestError as error:
            raise self._account.reading(error) from error
        if self._budget.remaining is not None:
            facts.append(f"requests left in this window: {self._budget.remaining:.0f}")
        return tuple(facts)

    def detail(self) -> tuple[tuple[str, str], ...]:
        """The account, the last contact, the budget, and what may not be read."""
        facts: list[tuple[str, str]] = []
        if self._account.name is not None:
            facts.append(("account", f"u/{self._account.name}"))
        if self._account.last_contact is not None:
            facts.append(("last_contact", self._account.last_contact.isoformat(timespec="seconds")))
        if self._lag is not None:
            facts.append(("lag_seconds", f"{self._lag:.0f}"))
        if self._budget.remaining is not None:
            facts.append(("rate_remaining", f"{self._budget.remaining:.0f}"))
            facts.append(("rate_reset_seconds", f"{self._budget.until_reset():.0f}"))
        if (held := self._budget.writing()) > 0:
            facts.append(("replies_held_seconds", f"{held:.0f}"))
        facts.append(("watched_item", str(len(self._state.watch))))
        facts.extend(self._resting.facts())
        return tuple(facts)

    async def close(self) -> None:
        """End ``pages`` and give back the connections."""
        self._closing.close()
        await self._client.close()

    async def _read(
        self, source: ListingSource, state: RedditCursor, recent: dict[str, None]
    ) -> AsyncIterator[Page]:
        """Whatever is new in one source."""
        more = not self._resting.has(source)
        while more:
            news = await self._closing.unless(self._news(source, state))
            if news is None:
                return
            if news.gap:
                last = state.seen[source.key][-1]
                now = self._clock.now()
                alert = gap_alert(name=self.name, source=source.key, last=last, now=now)
                await self._tools.alarm.raise_alert(alert)
            for page in self._deliver(source, news, state, recent):
                yield page
            if news.marks is not None:
                state.seen[source.key] = news.marks
            more = news.more

    async def _news(self, source: ListingSource, state: RedditCursor) -> NewItems:
        async def fetch(params: Mapping[str, str | int]) -> RedditListing:
            return await self._account.listing(source.path, {**source.params, **params})

        try:
            news = await read_new(fetch, state.seen.get(source.key), self._settings.backlog)
        except RedditRequestError as error:
            if error.fault not in (RedditFault.FORBIDDEN, RedditFault.ABSENT):
                raise self._account.reading(error) from error
            self._resting.add(source, error.text)
            return NewItems(things=(), odd=(), gap=False, more=False)
        self._resting.forget(source)
        return news

    def _deliver(
        self, source: ListingSource, news: NewItems, state: RedditCursor, recent: dict[str, None]
    ) -> Iterator[Page]:
        """Pages of what is new, each with the cursor behind it."""
        rejects = [reject_of(item, reason, self.name) for item, reason in news.odd]
        rejects = [reject for reject in rejects if first_seen(f"odd {reject.id}", recent)]
        for start in range(0, len(news.things) or bool(rejects), PAGE):
            part = news.things[start : start + PAGE]
            events = self._events(part, state, recent)
            state.delivered(source.key, part)
            if events or rejects:
                page = Page(events=tuple(events), rejects=tuple(rejects), cursor=state.write())
                rejects = []
                yield page

    def _events(
        self, things: Iterable[RedditThing], state: RedditCursor, recent: dict[str, None]
    ) -> list[Event]:
        """What others say; what is gone before it was read is none, and is not watched."""
        events = []
        for thing in things:
            mine = author_of(thing).lower() == (self._account.name or "").lower()
            if mine and thing.kind != "t4":
                self._sender.own.add(thing.name)
            if mine or fate_of(thing) != "live" or not first_seen(thing.name, recent):
                continue
            events.append(self._event(thing))
            if is_public(thing.name):
                state.watches(thing.name, watched_item(thing))
            self._lag = max(0.0, self._clock.now().timestamp() - thing.created)
        return events

    async def _look_again(self, names: Sequence[str], state: RedditCursor) -> AsyncIterator[Page]:
        """Edits, removals and deletions of what was delivered."""
        for batch in batches(names):
            try:
                listing = await self._closing.unless(self._account.info(batch))
            except RedditRequestError as error:
                raise self._account.reading(error) from error
            if listing is None:
                return
            now = self._clock.now()
            events = [self._event(thing, edit=True) for thing in edits(listing, state)]
            events += [
                gone_event(name, conversation, fate, channel=self.name, now=now)
                for name, conversation, fate in removals(batch, listing, state)
            ]
            if events:
                yield Page(events=tuple(events), cursor=state.write())

    def _event(self, thing: RedditThing, *, edit: bool = False) -> Event:
        return event_of(
            thing,
            channel=self.name,
            me=self._account.name or "",
            own=self._sender.own.names,
            www=(self._settings.www_url or WWW_URL).rstrip("/"),
            edit=edit,
        )

    async def _prepare(self) -> bool:
        """Learn who the account is and what it has written."""
        try:
            await self._account.who()
            await self._sender.own.learn()
        except RedditRequestError as error:
            raise self._account.reading(error) from error
        return True

    async def _try(self, source: ListingSource) -> str:
        try:
            await self._account.listing(source.path, {**source.params, "limit": 1})
        except RedditRequestError as error:
            if error.fault not in (RedditFault.FORBIDDEN, RedditFault.ABSENT):
                raise
            return f"may not be read ({error.text})"
        return "may be read"
