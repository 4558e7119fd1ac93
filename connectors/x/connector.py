"""X: posts about the brand by filtered stream, search or webhook, and replies to them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from connectors.alerts import LongWaits, connector_alert
from connectors.context import ConnectorContext
from connectors.json_fields import JsonObject
from connectors.shutdown import Shutdown
from connectors.voices import KnownVoices
from connectors.x.account import XAccount, sites_of
from connectors.x.client import XApi
from connectors.x.errors import XFault, XRequestError
from connectors.x.fields import native_id
from connectors.x.limits import ReadBudget, ReadPace
from connectors.x.push import answer_challenge, has_signature, is_signed
from connectors.x.receive import XReceiver
from connectors.x.search import XEngagement
from connectors.x.seen import SeenPosts
from connectors.x.send import XSender
from connectors.x.settings import XSettings
from connectors.x.stream import sync_rules
from core.connector import PushRequest, PushResponse, RetryAt, SendResult
from core.errors import ConnectorError, StoreError
from core.model.alerts import Alert
from core.model.events import Metrics, Page
from core.model.outbox import Target

log = logging.getLogger(__name__)


class X:
    """One account of the brand on X."""

    def __init__(self, *, name: str, settings: XSettings, context: ConnectorContext) -> None:
        self.name = name
        self._settings = settings
        self._intake = context.intake
        self._alarm = context.alarm
        self._catalogue = context.catalogue
        self._waits = LongWaits(
            name=name, alarm=context.alarm, clock=context.clock, catalogue=context.catalogue
        )
        self._voices = KnownVoices.named(own=context.accounts, bots=settings.bots)
        self._clock = context.clock
        self._api = XApi(settings, context.clock)
        self._budget = ReadBudget(settings, context.clock)
        self._seen_posts = SeenPosts()
        self._shutdown = Shutdown()
        self._receiver = XReceiver(
            channel=name,
            settings=settings,
            api=self._api,
            budget=self._budget,
            seen=self._seen_posts,
            context=context,
            shutdown=self._shutdown,
        )
        self._sender = XSender(
            api=self._api, budget=self._budget, seen=self._seen_posts, clock=context.clock
        )
        self._engagement = XEngagement(
            channel=name,
            api=self._api,
            budget=self._budget,
            seen=self._seen_posts,
            intake=context.intake,
            clock=context.clock,
        )
        self._identifying = asyncio.Lock()
        self._me: XAccount | None = None

    @property
    def last_contact(self) -> datetime | None:
        """Time of the last contact with X."""
        return self._receiver.contact

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """Yield posts after ``cursor``, oldest first, until ``close``.

        Raises Unavailable and Refused.
        """
        try:
            me = await self._shutdown.unless_closed(self._account())
            if me is None:
                return
            if self._settings.mode != "search":
                await self._shutdown.unless_closed(sync_rules(self._api, self._rules(me)))
            async for page in self._receiver.pages(cursor, me, self._settings.rules):
                yield page
        except XRequestError as error:
            if error.ends_reading():
                await self._alarm.raise_alert(self._request_alert(error))
            await self._waits.note("reading", error.retry_after(self._clock.now()))
            raise self._reading_error(error) from error

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends; rejects what X forbids: unsolicited and second replies."""
        try:
            me = await self._account()
            result = await self._sender.send(target, text, me)
        except XRequestError as error:
            result = self._sender.later(error)
        if isinstance(result, RetryAt):
            await self._waits.note_retry(result)
        return result

    def pause(self) -> float:
        """As core.connector.ThrottlesSends."""
        until = self._sender.held_until
        return 0.0 if until is None else (until - self._clock.now()).total_seconds()

    async def find_sent(self, target: Target, text: str, key: str) -> str | None:
        """As core.connector.ReadsBack, from the account's own posts."""
        try:
            return await self._sender.find_sent(target, text, await self._account())
        except XRequestError as error:
            raise self._reading_error(error) from error

    async def fetch_engagement(self, ids: Sequence[str]) -> Mapping[str, Metrics | None]:
        """As core.connector.ReadsEngagement; stores noticed edits and deletions as events."""
        try:
            return await self._engagement.fetch(ids, await self._account())
        except XRequestError as error:
            raise self._reading_error(error) from error

    async def handle_http(self, request: PushRequest) -> PushResponse:
        """Answer X's challenge, or store pushed posts; 503 makes X push again."""
        if (answer := self.screen(request)) is not None:
            return answer
        if (secret := self._settings.consumer_secret) is None or not is_signed(request, secret):
            return PushResponse(status=403)
        try:
            page, posts = self._receiver.parse([request.body], await self._account())
            if page.events or page.rejects:
                await self._intake.accept(self.name, page)
        except (StoreError, ConnectorError) as error:
            log.warning("pushed posts were not stored", extra={"error": str(error)})
            return PushResponse(status=503)
        self._seen_posts.add(posts)
        return PushResponse(status=200)

    def screen(self, request: PushRequest) -> PushResponse | None:
        """As core.connector.ScreensHttp; the signature covers the body, so that is read first."""
        secret = self._settings.consumer_secret
        if self._settings.mode != "webhook" or secret is None:
            return PushResponse(status=404)
        if request.method == "GET":
            return answer_challenge(request, secret)
        if request.method != "POST":
            return PushResponse(status=405)
        return None if has_signature(request) else PushResponse(status=403)

    async def check(self) -> tuple[str, ...]:
        """As core.connector.ChecksCredentials: the account, its access, its rules, its budget."""
        try:
            me = await self._account()
            rules = await self._api.rules()
        except XRequestError as error:
            raise self._reading_error(error) from error
        level = self._api.account.limits["/2/users/me"].get("x-access-level", "unknown")
        return (
            f"account: @{me.username} ({me.id})",
            f"access of the account's keys: {level}",
            f"rules on the stream: {len(rules)} now, {len(self._rules(me))} wanted",
            f"posts that may be read in a month: {self._budget.limit}",
            f'other accounts of the brand are named in brands.accounts = ["{self.name}:ID"]',
            "programs that do not say that they are: bots",
        )

    def detail(self) -> tuple[tuple[str, str], ...]:
        """As core.connector.ReportsHealth."""
        receiver, pace = self._receiver, self._budget.pace
        slowed = f"{pace.value} times slower" if pace.value > 1 else "normal"
        facts = {
            "mode": self._settings.mode,
            "account": f"@{self._me.username}" if self._me else "",
            "stream": receiver.stream if self._settings.mode == "stream" else "",
            "read_this_month": self._budget.summary(),
            "pace": "stopped until next month" if pace is ReadPace.SPENT else slowed,
            "rate_limit": tightest_limit(self._api.app.limits | self._api.account.limits),
        }
        moments = {
            "last_contact": receiver.contact,
            "next_search": receiver.next_at,
            "sending_held_until": self._sender.held_until,
        }
        facts |= {key: at.isoformat(timespec="seconds") for key, at in moments.items() if at}
        if receiver.lag is not None:
            facts["lag_seconds"] = f"{receiver.lag.total_seconds():.0f}"
        return tuple((key, fact) for key, fact in facts.items() if fact)

    async def close(self) -> None:
        """End ``pages`` and close all connections."""
        self._shutdown.close()
        await self._api.close()

    def _rules(self, me: XAccount) -> list[str]:
        """The stream's rules: mentions of the account, and those of the settings."""
        return list(dict.fromkeys([f"@{me.username}", *self._settings.rules]))

    def _request_alert(self, error: XRequestError) -> Alert:
        now = self._clock.now()
        return connector_alert(
            "x_request",
            catalogue=self._catalogue,
            key=f"request:{self.name}:{now:%Y-%m-%d}",
            kind="channel",
            severity="P2",
            now=now,
            facts={"name": self.name, "reason": error.text},
        )

    def _reading_error(self, error: XRequestError) -> ConnectorError:
        return error.as_reading_error(self._clock.now())

    async def _account(self) -> XAccount:
        async with self._identifying:
            if self._me is None:
                user: JsonObject = await self._api.me()
                number, name = native_id(user.get("id")), user.get("username")
                if number is None or not isinstance(name, str):
                    raise XRequestError(XFault.UNCLEAR, "the answer does not name the account")
                self._me = XAccount(
                    id=number,
                    username=name,
                    sites=sites_of(self._settings.rules),
                    voices=self._voices,
                )
            return self._me


def tightest_limit(limits: Mapping[str, Mapping[str, str]]) -> str:
    """The rate limit of which the least is left: ``/2/tweets: 3 of 50``; empty if none is known."""
    shares: list[tuple[float, str]] = []
    for path, headers in limits.items():
        left, of = headers.get("x-rate-limit-remaining", ""), headers.get("x-rate-limit-limit", "")
        if left.isdecimal() and of.isdecimal() and int(of) > 0:
            shares.append((int(left) / int(of), f"{path}: {left} of {of}"))
    return min(shares)[1] if shares else ""
