"""Telegram: shoppers in private, in groups and under a channel's posts.

The offset that tells Telegram to forget updates is the cursor, so it moves only once they are
stored. With a webhook Telegram is answered only once its update is stored.
"""

import hmac
import json
import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final, TypeVar

from aiogram.methods import (
    AnswerCallbackQuery,
    GetMe,
    GetWebhookInfo,
    SetWebhook,
    TelegramMethod,
)
from pydantic import SecretStr

from connectors.alerts import gap_alert
from connectors.context import ConnectorContext, StaffRoom
from connectors.shutdown import Shutdown
from connectors.telegram.client import TelegramApi
from connectors.telegram.errors import TelegramRequestError
from connectors.telegram.events import UPDATE_TYPES, BotIdentity
from connectors.telegram.limits import SendRates
from connectors.telegram.receive import (
    GetRawUpdates,
    TelegramCursor,
    UpdateBatch,
    decode_body,
    read_updates,
)
from connectors.telegram.send import TelegramSender
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.staff_group import StaffGroup
from core.connector import PushRequest, PushResponse, SendResult
from core.errors import ConnectorError, StoreError, Unavailable
from core.events import Page
from core.outbox import Target

log = logging.getLogger(__name__)
T = TypeVar("T")

_CALL_SECONDS: Final = 20
_KEPT: Final = timedelta(hours=24)
"""How long Telegram keeps updates that nobody has fetched."""
_HEARTBEAT: Final = 600.0
"""How often the time of the last contact is stored while nothing happens."""
_BREATH: Final = 0.5
"""The pause after an answer that came at once and brought nothing new."""


class Telegram:
    """One bot."""

    def __init__(self, *, name: str, settings: TelegramSettings, tools: ConnectorContext) -> None:
        self.name = name
        self.api = TelegramApi(token=settings.token, base_url=settings.base_url)
        self.rates = SendRates(tools.clock)
        self._settings = settings
        self._tools = tools
        self._clock = tools.clock
        self.board = self._group(tools.staff)
        """The staff's group, if there is one."""
        self._sender = TelegramSender(
            api=self.api, rates=self.rates, clock=tools.clock, seconds=settings.send_seconds
        )
        self._closing = Shutdown()
        self._me: BotIdentity | None = None
        self.last_contact: datetime | None = None
        """When Telegram last answered or pushed something."""
        self._waiting: int | None = None
        self._lag: float | None = None
        """How many seconds old the newest event was when it came."""

    def _group(self, staff: StaffRoom | None) -> StaffGroup | None:
        """The staff's group, where one is set and somebody is behind it."""
        if self._settings.staff_chat is None or staff is None:
            return None
        name = f"telegram-{self.name}"
        return StaffGroup(
            name=name,
            chat=self._settings.staff_chat,
            api=self.api,
            rates=self.rates,
            clock=self._clock,
            desk=staff.desk,
            postings=staff.postings(name),
            language=staff.language,
        )

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """Updates after ``cursor``, oldest first, until ``close``.

        With a webhook only its registration is watched; the updates come to ``handle_http``.
        Raises Unavailable and Refused.
        """
        mark = TelegramCursor.read(cursor)
        me = await self._closing.unless(self._who())
        if me is None:
            return
        now = self._clock.now()
        if mark.contact is not None and now - mark.contact > _KEPT:
            alert = gap_alert(name=self.name, since=mark.contact, now=now, kept=_KEPT)
            await self._tools.alarm.raise_alert(alert)
        polling = self._settings.mode == "polling"
        async for page in self._poll(mark, me) if polling else self._watch(mark):
            yield page

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends; texts longer than Telegram takes go as several messages."""
        return await self._sender.send(target, text, key)

    def pause(self) -> float:
        """As core.connector.Paces: thirty messages a second to all chats together."""
        return self.rates.overall()

    async def handle_http(self, request: PushRequest) -> PushResponse:
        """Store one pushed update; 503 asks Telegram to push it again."""
        secret = self._settings.webhook_secret
        if self._settings.mode != "webhook" or secret is None:
            return PushResponse(status=404)
        if request.method != "POST":
            return PushResponse(status=405)
        shown = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(shown.encode("utf-8", "replace"), _plain(secret).encode()):
            return PushResponse(status=403)
        try:
            batch = self._sort([decode_body(request.body)], await self._who())
            await self._press(batch)
            page = Page(events=batch.events, rejects=batch.rejects)
            await self._tools.intake.accept(self.name, page)
        except (StoreError, ConnectorError) as error:
            log.warning("an update was not stored", extra={"error": str(error)})
            return PushResponse(status=503)
        self.last_contact = self._clock.now()
        return _confirmation(batch)

    async def check(self) -> tuple[str, ...]:
        """Who the bot is and what it may read; raises Refused and Unavailable."""
        me = await self._call(GetMe())
        hook = await self._call(GetWebhookInfo())
        return (
            f"bot: @{me.username} ({me.full_name})",
            f"may join groups: {_yes(me.can_join_groups)}",
            f"reads all messages of its groups: {_yes(me.can_read_all_group_messages)}",
            f"updates go to: {hook.url or 'whoever polls'}",
            f"updates waiting: {hook.pending_update_count}",
        )

    def detail(self) -> tuple[tuple[str, str], ...]:
        """The bot's name, the last contact, the lag, what is waiting, and how fast it may send."""
        facts: list[tuple[str, str]] = [("mode", self._settings.mode)]
        if self._me is not None:
            facts.append(("bot", f"@{self._me.username}"))
        if self.last_contact is not None:
            facts.append(("last_contact", self.last_contact.isoformat(timespec="seconds")))
        if self._waiting is not None:
            facts.append(("waiting", str(self._waiting)))
        if self._lag is not None:
            facts.append(("lag_seconds", f"{self._lag:.0f}"))
        facts.append(("rate_remaining", self.rates.spoken()))
        if (held := self.rates.held()) > 0:
            facts.append(("held_seconds", f"{held:.0f}"))
        return tuple(facts)

    async def close(self) -> None:
        """End ``pages`` and give back the connections."""
        self._closing.close()
        await self.api.close()

    async def _poll(self, mark: TelegramCursor, me: BotIdentity) -> AsyncIterator[Page]:
        seconds, stored_at = self._settings.poll_seconds, self._clock.monotonic()
        while True:
            asked_at = self._clock.monotonic()
            ask = GetRawUpdates(
                offset=mark.offset, timeout=seconds, allowed_updates=list(UPDATE_TYPES)
            )
            raw = await self._closing.unless(self._call(ask, seconds + _CALL_SECONDS))
            if raw is None:
                return
            batch, now = self._sort(raw, me), self._clock.monotonic()
            after = mark.after(batch.ids)
            news = batch.events or batch.rejects or batch.presses or after != mark
            if news or now - stored_at >= _HEARTBEAT:
                await self._press(batch)
                cursor = after.write(self._clock.now())
                yield Page(events=batch.events, rejects=batch.rejects, cursor=cursor)
                stored_at = now
                await self._confirm(batch)
            if after == mark and now - asked_at < _BREATH:
                await self._closing.unless(self._clock.sleep(_BREATH))
            mark = after

    async def _watch(self, mark: TelegramCursor) -> AsyncIterator[Page]:
        secret = self._settings.webhook_secret
        register = SetWebhook(
            url=self._settings.webhook_url or "",
            secret_token=_plain(secret) if secret else None,
            allowed_updates=list(UPDATE_TYPES),
        )
        if await self._closing.unless(self._call(register)) is None:
            return
        while (info := await self._closing.unless(self._call(GetWebhookInfo()))) is not None:
            self._waiting = info.pending_update_count
            if info.url != self._settings.webhook_url:
                raise Unavailable("Somebody changed this bot's webhook; it is set again")
            yield Page(events=(), cursor=mark.write(self._clock.now()))
            await self._closing.unless(self._clock.sleep(_HEARTBEAT))

    def _sort(self, raw: list[object], me: BotIdentity) -> UpdateBatch:
        now = self._clock.now()
        batch = read_updates(raw, me, channel=self.name, now=now, staff=self._settings.staff_chat)
        if batch.events:
            self._lag = max(0.0, (now - batch.events[-1].posted_at).total_seconds())
        return batch

    async def _who(self) -> BotIdentity:
        if self._me is None:
            user = await self._call(GetMe())
            self._me = BotIdentity(id=user.id, username=user.username or "")
        return self._me

    async def _call(self, method: TelegramMethod[T], seconds: int = _CALL_SECONDS) -> T:
        try:
            answer = await self.api.call(method, seconds=seconds)
        except TelegramRequestError as error:
            raise error.reading() from error
        self.last_contact = self._clock.now()
        return answer

    async def _press(self, batch: UpdateBatch) -> None:
        """Act on the staff's buttons; before their offset moves, for a press must not be lost."""
        for query in batch.presses:
            if self.board is None:
                continue
            try:
                await self.board.press(query)
            except StoreError:
                raise
            except Exception:  # one odd press must not stop the reading for good
                log.exception("a button of the staff's group failed", extra={"id": query.id})

    async def _confirm(self, batch: UpdateBatch) -> None:
        """Stop the waiting sign on pressed buttons; that one stays on does no harm."""
        for button in batch.buttons:
            try:
                await self._call(AnswerCallbackQuery(callback_query_id=button), 5)
            except ConnectorError as error:
                log.info("a button was not confirmed", extra={"error": str(error)})


def _confirmation(batch: UpdateBatch) -> PushResponse:
    """200; where a button was pressed, with the call that confirms it."""
    if not batch.buttons:
        return PushResponse(status=200)
    call = {"method": "answerCallbackQuery", "callback_query_id": batch.buttons[0]}
    return PushResponse(
        status=200, body=json.dumps(call).encode(), content_type="application/json; charset=utf-8"
    )


def _plain(secret: SecretStr) -> str:
    return secret.get_secret_value()


def _yes(value: bool | None) -> str:
    return "yes" if value else "no"
