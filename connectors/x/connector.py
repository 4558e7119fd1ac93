"""X: posts about the brand from the filtered stream, the search or a webhook, and replies to them.

Whatever is delivered lies behind a cursor that holds up to which post everything is stored, and
what reading has cost this month. A reply goes only to who named or quoted the brand's account.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from connectors.context import Tools
from connectors.json_fields import Object
from connectors.shutdown import Closing
from connectors.x.budget import Budget, Pace
from connectors.x.cache import Known
from connectors.x.client import XApi
from connectors.x.cursor import Mark
from connectors.x.errors import ApiError, Fault
from connectors.x.events import Me, native_id
from connectors.x.listener import Listener
from connectors.x.metrics import Figures
from connectors.x.rules import sync_rules
from connectors.x.send import Sender
from connectors.x.settings import XSettings
from connectors.x.webhook import challenged, is_signed
from core.connector import PushRequest, PushResponse, SendResult
from core.errors import ConnectorError, StoreError
from core.events import Metrics, Page
from core.outbox import Target

log = logging.getLogger(__name__)


class X:
    """One account of the brand."""

    def __init__(self, *, name: str, settings: XSettings, tools: Tools) -> None:
        self.name = name
        self._settings = settings
        self._intake = tools.intake
        self._clock = tools.clock
        self._api = XApi(settings, tools.clock)
        self._budget = Budget(settings, tools.clock)
        self._known = Known()
        self._closing = Closing()
        self._listener = Listener(
            channel=name,
            settings=settings,
            api=self._api,
            budget=self._budget,
            known=self._known,
            tools=tools,
            closing=self._closing,
        )
        self._sender = Sender(
            api=self._api, budget=self._budget, known=self._known, clock=tools.clock
        )
        self._figures = Figures(
            channel=name,
            api=self._api,
            budget=self._budget,
            known=self._known,
            intake=tools.intake,
            clock=tools.clock,
        )
        self._asking = asyncio.Lock()
        self._me: Me | None = None

    @property
    def last_contact(self) -> datetime | None:
        """When X was last asked what there is, or said something."""
        return self._listener.contact

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """Posts behind ``cursor``, oldest first, until ``close``; raises Unavailable, Refused."""
        mark = Mark.read_from(cursor)
        try:
            me = await self._closing.unless(self._who())
            if me is None:
                return
            if self._settings.mode != "search":
                await self._closing.unless(sync_rules(self._api, self._rules(me)))
            async for page in self._listener.pages(mark, me, self._settings.rules):
                yield page
        except ApiError as error:
            raise self._reading(error) from error

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends; refuses whom nobody summoned us to, and a second reply."""
        try:
            me = await self._who()
        except ApiError as error:
            return self._sender.later(error)
        return await self._sender.send(target, text, me)

    def pause(self) -> float:
        """As core.connector.Paces: until the limit that was hit ends."""
        until = self._sender.held_until
        return 0.0 if until is None else (until - self._clock.now()).total_seconds()

    async def find_sent(self, target: Target, text: str, key: str) -> str | None:
        """As core.connector.ReadsBack, from the account's own posts."""
        try:
            return await self._sender.find_sent(target, text, await self._who())
        except ApiError as error:
            raise self._reading(error) from error

    async def fetch_engagement(self, ids: Sequence[str]) -> Mapping[str, Metrics | None]:
        """As ``ReadsEngagement``; edits and deletions that are noticed are stored as events."""
        try:
            return await self._figures.fetch(ids, await self._who())
        except ApiError as error:
            raise self._reading(error) from error

    async def handle_http(self, request: PushRequest) -> PushResponse:
        """Answer X's challenge, or store what it pushes; 503 asks X to push again."""
        secret = self._settings.consumer_secret
        if self._settings.mode != "webhook" or secret is None:
            return PushResponse(status=404)
        if request.method == "GET":
            return challenged(request, secret)
        if request.method != "POST":
            return PushResponse(status=405)
        if not is_signed(request, secret):
            return PushResponse(status=403)
        try:
            page, posts = self._listener.digest([request.body], await self._who())
            if page.events or page.rejects:
                await self._intake.accept(self.name, page)
        except (StoreError, ConnectorError) as error:
            log.warning("a post was not stored", extra={"error": str(error)})
            return PushResponse(status=503)
        self._known.note(posts)
        return PushResponse(status=200)

    async def check(self) -> tuple[str, ...]:
        """Whose account it is and what may be done; raises Refused and Unavailable."""
        try:
            me = await self._who()
            rules = await self._api.rules()
        except ApiError as error:
            raise self._reading(error) from error
        level = self._api.account.limits["/2/users/me"].get("x-access-level", "not told")
        return (
            f"account: @{me.username} ({me.id})",
            f"access of the account's keys: {level}",
            f"rules on the stream: {len(rules)} now, {len(self._rules(me))} wanted",
            f"posts that may be read in a month: {self._budget.limit}",
        )

    def detail(self) -> tuple[tuple[str, str], ...]:
        """The account, the stream, the budget, the tightest limit, what is waited for."""
        listener, pace = self._listener, self._budget.pace
        slowed = f"{pace.value} times slower" if pace.value > 1 else "normal"
        facts = {
            "mode": self._settings.mode,
            "account": f"@{self._me.username}" if self._me else "",
            "stream": listener.stream if self._settings.mode == "stream" else "",
            "read_this_month": self._budget.spoken(),
            "pace": "stopped until next month" if pace is Pace.SPENT else slowed,
            "rate_limit": tightest(self._api.app.limits | self._api.account.limits),
        }
        moments = {
            "last_contact": listener.contact,
            "next_search": listener.next_at,
            "sending_held_until": self._sender.held_until,
        }
        facts |= {key: at.isoformat(timespec="seconds") for key, at in moments.items() if at}
        if listener.lag is not None:
            facts["lag_seconds"] = f"{listener.lag.total_seconds():.0f}"
        return tuple((key, fact) for key, fact in facts.items() if fact)

    async def close(self) -> None:
        """End ``pages`` and give back the connections."""
        self._closing.close()
        await self._api.close()

    def _rules(self, me: Me) -> list[str]:
        """The stream's rules: those of the settings, and who names the account."""
        return list(dict.fromkeys([f"@{me.username}", *self._settings.rules]))

    def _reading(self, error: ApiError) -> ConnectorError:
        return error.reading(self._clock.now())

    async def _who(self) -> Me:
        async with self._asking:
            if self._me is None:
                user: Object = await self._api.me()
                number, name = native_id(user.get("id")), user.get("username")
                if number is None or not isinstance(name, str):
                    raise ApiError(Fault.UNCLEAR, "X does not say whose account it is")
                self._me = Me(id=number, username=name)
            return self._me


def tightest(limits: Mapping[str, Mapping[str, str]]) -> str:
    """The limit of which the least is left: ``/2/tweets: 3 of 50``; empty where none is told."""
    shares: list[tuple[float, str]] = []
    for path, headers in limits.items():
        left, of = headers.get("x-rate-limit-remaining", ""), headers.get("x-rate-limit-limit", "")
        if left.isdecimal() and of.isdecimal() and int(of) > 0:
            shares.append((int(left) / int(of), f"{path}: {left} of {of}"))
    return min(shares)[1] if shares else ""
