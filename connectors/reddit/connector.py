"""Reddit: chosen subreddits, search terms, the inbox and mentions, and replies to them.

Each source is read on from the cursor, oldest first. Delivered items are read again periodically,
since Reddit does not notify of edits, removals and deletions.
"""

import logging
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from connectors.alerts import LongWaits, connector_alert
from connectors.context import ConnectorContext
from connectors.reddit.account import RedditAccount
from connectors.reddit.client import RedditClient
from connectors.reddit.cursor import (
    ListingMark,
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
    is_public,
    metrics_of,
    reject_of,
    removal_event,
)
from connectors.reddit.limits import RedditLimits
from connectors.reddit.receive import (
    OWN_FAULTS,
    PAGE,
    ListingSource,
    NewItems,
    UnreadableSources,
    listing_sources,
    read_new,
)
from connectors.reddit.send import RedditSender
from connectors.reddit.settings import WWW_URL, RedditSettings
from connectors.reddit.voices import notice_of
from connectors.shutdown import Shutdown
from connectors.voices import KnownVoices
from core.connector import Rejected, RetryAt, SendResult
from core.errors import Unavailable
from core.model.events import Event, Metrics, Page
from core.model.outbox import Target

log = logging.getLogger(__name__)

_BANNED: Final = re.compile(r"\bban(?:ned)?\b|BANNED|suspended", re.IGNORECASE)
_NEWS: Final = 86_400.0
"""Age in seconds from which on a notice is no news; a new source delivers old ones as well."""
_MOST_WAIT: Final = 30.0
"""Most seconds that reading metrics waits for the rate limits."""


class Reddit:
    """One account on Reddit."""

    def __init__(self, *, name: str, settings: RedditSettings, context: ConnectorContext) -> None:
        self.name = name
        self._settings = settings
        self._alarm = context.alarm
        self._catalogue = context.catalogue
        self._clock = context.clock
        self._waits = LongWaits(
            name=name, alarm=context.alarm, clock=context.clock, catalogue=context.catalogue
        )
        self._voices = KnownVoices.named(own=context.accounts, bots=settings.bots)
        self._limits = RedditLimits(context.clock)
        self._client = RedditClient(
            settings=settings, on_headers=self._limits.note_headers, now=context.clock.now
        )
        self._account = RedditAccount(
            client=self._client, limits=self._limits, clock=context.clock, given=settings.username
        )
        self._sender = RedditSender(
            client=self._client, account=self._account, limits=self._limits, clock=context.clock
        )
        self._sources = listing_sources(settings)
        self._unreadable_sources = UnreadableSources(context.clock)
        self._shutdown = Shutdown()
        self._state = RedditCursor()
        self._changed: set[str] = set()
        """Watched items that had changed when their metrics were read."""
        self._lag: float | None = None

    @property
    def last_contact(self) -> datetime | None:
        """Time of Reddit's last readable answer."""
        return self._account.last_contact

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """Yield new items of every source after ``cursor``, oldest first, until ``close``.

        Raises Unavailable and Refused.
        """
        try:
            async for page in self._rounds(RedditCursor.decode(cursor)):
                yield page
        except Unavailable as error:
            await self._waits.note("reading", error.retry_after)
            raise

    async def _rounds(self, state: RedditCursor) -> AsyncIterator[Page]:
        """Yield what each round through all sources brings."""
        self._state = state
        recent: dict[str, None] = {}
        if await self._shutdown.unless_closed(self._prepare()) is None:
            return
        rechecked_at = self._clock.monotonic()
        while not self._shutdown.is_closed():
            for source in self._sources:
                async for page in self._read(source, state, recent):
                    yield page
            if all(self._unreadable_sources.failed(source) for source in self._sources):
                if (trouble := self._unreadable_sources.trouble()) is not None:
                    raise self._account.as_reading_error(trouble) from trouble
                raise nothing_to_read(self._unreadable_sources.facts())
            suspects, self._changed = self._changed & state.watch.keys(), set()
            if self._clock.monotonic() - rechecked_at >= self._settings.recheck_seconds:
                suspects, rechecked_at = set(state.watch), self._clock.monotonic()
            async for page in self._recheck(sorted(suspects), state):
                yield page
            await self._shutdown.unless_closed(self._clock.sleep(self._settings.poll_seconds))

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends."""
        result = await self._sender.send(target, text, key)
        if isinstance(result, RetryAt):
            await self._waits.note_retry(result)
        if isinstance(result, Rejected) and _BANNED.search(result.reason):
            await self._warn_of_ban(target)
        return result

    async def _warn_of_ban(self, target: Target) -> None:
        now = self._clock.now()
        alert = connector_alert(
            "sanction",
            catalogue=self._catalogue,
            key=f"ban:{self.name}:{now:%Y-%m-%d}",
            kind="channel",
            severity="P2",
            now=now,
            facts={
                "name": self.name,
                "who": "Reddit",
                "place": target.conversation.partition("/")[0],
                "url": WWW_URL,
            },
        )
        await self._alarm.raise_alert(alert)

    def pause(self) -> float:
        """As core.connector.ThrottlesSends."""
        return self._limits.write_wait()

    async def find_sent(self, target: Target, text: str, key: str) -> str | None:
        """As core.connector.ReadsBack, from the account's last hundred comments."""
        return await self._sender.find_sent(target, text)

    async def fetch_engagement(self, ids: Sequence[str]) -> Mapping[str, Metrics | None]:
        """As core.connector.ReadsEngagement."""
        metrics: dict[str, Metrics | None] = {}
        for batch in batches(dict.fromkeys(name for name in ids if is_public(name))):
            if (wait := self._limits.read_wait()) > _MOST_WAIT:
                raise Unavailable("rate limited by Reddit", retry_after=wait)
            try:
                listing = await self._account.info(batch)
            except RedditRequestError as error:
                raise self._account.as_reading_error(error) from error
            metrics |= dict.fromkeys(batch)
            metrics |= {
                thing.name: metrics_of(thing) if fate_of(thing) == "live" else None
                for thing in listing.items
                if thing.name in metrics
            }
            self._changed |= {
                thing.name for thing in listing.items if has_changed(thing, self._state)
            }
        return metrics

    async def check(self) -> tuple[str, ...]:
        """As core.connector.ChecksCredentials: the account, its scopes, and each source."""
        try:
            me = await self._account.ask_name()
            scopes = await self._account.scopes()
            facts = [f"account: u/{me}", f"scopes: {', '.join(sorted(scopes))}"]
            facts.extend([f"{source.key}: {await self._probe(source)}" for source in self._sources])
        except RedditRequestError as error:
            raise self._account.as_reading_error(error) from error
        facts.append(f'other accounts of the brand: brands.accounts = ["{self.name}:NAME"]')
        facts.append("programs that neither their name nor their text gives away: bots")
        if self._limits.remaining is not None:
            facts.append(f"requests left in this window: {self._limits.remaining:.0f}")
        return tuple(facts)

    def detail(self) -> tuple[tuple[str, str], ...]:
        """As core.connector.ReportsHealth."""
        facts: list[tuple[str, str]] = []
        if self._account.name is not None:
            facts.append(("account", f"u/{self._account.name}"))
        if self._account.last_contact is not None:
            facts.append(("last_contact", self._account.last_contact.isoformat(timespec="seconds")))
        if self._lag is not None:
            facts.append(("lag_seconds", f"{self._lag:.0f}"))
        if self._limits.remaining is not None:
            facts.append(("rate_remaining", f"{self._limits.remaining:.0f}"))
            facts.append(("rate_reset_seconds", f"{self._limits.until_reset():.0f}"))
        if (held := self._limits.write_wait()) > 0:
            facts.append(("replies_held_seconds", f"{held:.0f}"))
        facts.append(("watched", str(len(self._state.watch))))
        facts.extend(self._unreadable_sources.facts())
        return tuple(facts)

    async def close(self) -> None:
        """End ``pages`` and close all connections."""
        self._shutdown.close()
        await self._client.close()

    async def _read(
        self, source: ListingSource, state: RedditCursor, recent: dict[str, None]
    ) -> AsyncIterator[Page]:
        """Yield the new items of one source."""
        more = not self._unreadable_sources.has(source)
        while more:
            new = await self._shutdown.unless_closed(self._new_items(source, state))
            if new is None:
                return
            if new.gap:
                await self._warn_of_gap(source, state.seen[source.key][-1])
            await self._warn_of_notices(new.items)
            for page in self._deliver(source, new, state, recent):
                yield page
            if new.marks is not None:
                state.seen[source.key] = new.marks
            more = new.more

    async def _warn_of_gap(self, source: ListingSource, last: ListingMark) -> None:
        """Raise an alert that items of ``source`` after ``last`` may be missing."""
        since = datetime.fromtimestamp(last.created, UTC).strftime("%Y-%m-%d %H:%M")
        alert = connector_alert(
            "reddit_gap",
            catalogue=self._catalogue,
            key=f"gap:{self.name}:{source.key}:{last.name}",
            kind="gap",
            severity="P2",
            now=self._clock.now(),
            facts={"name": self.name, "source": source.key, "since": since},
        )
        await self._alarm.raise_alert(alert)

    async def _warn_of_notices(self, items: Iterable[RedditThing]) -> None:
        """Raise an alert for each recent notice to the account; nobody answers such messages."""
        now = self._clock.now()
        for thing in items:
            if now.timestamp() - thing.created > _NEWS:
                continue
            event = self._event(thing)
            text = notice_of(event.author, event.text) if event.solicited else None
            if text is None:
                continue
            place = thing.data.get("subreddit")
            alert = connector_alert(
                text,
                catalogue=self._catalogue,
                key=f"notice:{self.name}:{thing.name}",
                kind="channel",
                severity="P2" if text == "sanction" else "P3",
                now=now,
                facts={
                    "name": self.name,
                    "who": event.author.name,
                    "place": f"r/{place}" if isinstance(place, str) and place else "Reddit",
                    "url": event.url or "https://www.reddit.com/message/inbox",
                },
            )
            await self._alarm.raise_alert(alert)

    async def _new_items(self, source: ListingSource, state: RedditCursor) -> NewItems:
        async def fetch(params: Mapping[str, str | int]) -> RedditListing:
            return await self._account.listing(source.path, {**source.params, **params})

        try:
            new = await read_new(
                fetch,
                state.seen.get(source.key),
                self._settings.backlog,
                whole=self._unreadable_sources.is_new(source),
            )
        except RedditRequestError as error:
            if error.fault not in OWN_FAULTS:
                raise self._account.as_reading_error(error) from error
            log.warning("a listing was not read", extra={"key": source.key, "error": error.text})
            self._unreadable_sources.add(source, error)
            return NewItems(items=(), unreadable=(), gap=False, more=False)
        self._unreadable_sources.forget(source)
        return new

    def _deliver(
        self, source: ListingSource, new: NewItems, state: RedditCursor, recent: dict[str, None]
    ) -> Iterator[Page]:
        """Split new items into pages, each with the cursor after it."""
        rejects = [reject_of(item, reason, self.name) for item, reason in new.unreadable]
        rejects = [reject for reject in rejects if first_seen(f"unreadable {reject.id}", recent)]
        for start in range(0, len(new.items) or bool(rejects), PAGE):
            part = new.items[start : start + PAGE]
            events = self._events(part, state, recent)
            state.advance(source.key, part)
            if events or rejects:
                page = Page(events=tuple(events), rejects=tuple(rejects), cursor=state.encode())
                rejects = []
                yield page

    def _events(
        self, items: Iterable[RedditThing], state: RedditCursor, recent: dict[str, None]
    ) -> list[Event]:
        """Events for readable items of other accounts; watches the public ones."""
        events = []
        for thing in items:
            mine = author_of(thing).lower() == (self._account.name or "").lower()
            if mine and thing.kind != "t4":
                self._sender.own.add(thing.name)
            if mine or fate_of(thing) != "live" or not first_seen(thing.name, recent):
                continue
            events.append(self._event(thing))
            if is_public(thing.name):
                state.add_watched(thing.name, watched_item(thing))
            self._lag = max(0.0, self._clock.now().timestamp() - thing.created)
        return events

    async def _recheck(self, names: Sequence[str], state: RedditCursor) -> AsyncIterator[Page]:
        """Yield edits, removals and deletions of delivered items."""
        for batch in batches(names):
            try:
                listing = await self._shutdown.unless_closed(self._account.info(batch))
            except RedditRequestError as error:
                raise self._account.as_reading_error(error) from error
            if listing is None:
                return
            now = self._clock.now()
            events = [self._event(thing, edit=True) for thing in edits(listing, state)]
            events += [
                removal_event(name, conversation, fate, channel=self.name, now=now)
                for name, conversation, fate in removals(batch, listing, state)
            ]
            if events:
                yield Page(events=tuple(events), cursor=state.encode())

    def _event(self, thing: RedditThing, *, edit: bool = False) -> Event:
        return event_of(
            thing,
            channel=self.name,
            me=self._account.name or "",
            own=self._sender.own.names,
            www=(self._settings.www_url or WWW_URL).rstrip("/"),
            voices=self._voices,
            edit=edit,
        )

    async def _prepare(self) -> bool:
        """Identify the account and read its earlier comments."""
        try:
            await self._account.who()
            await self._sender.own.learn()
        except RedditRequestError as error:
            raise self._account.as_reading_error(error) from error
        return True

    async def _probe(self, source: ListingSource) -> str:
        try:
            await self._account.listing(source.path, {**source.params, "limit": 1})
        except RedditRequestError as error:
            if error.fault not in (RedditFault.FORBIDDEN, RedditFault.ABSENT):
                raise
            return f"may not be read ({error.text})"
        return "may be read"
