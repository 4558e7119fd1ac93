"""Telegram: shoppers in private chats, in groups and under a channel's posts.

The cursor is the offset that lets Telegram forget updates, so it moves only once they are stored. A
webhook is answered only once its update is stored.
"""

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
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

from connectors.alerts import LongWaits, retention_gap_alert
from connectors.context import ConnectorContext, StaffRoom
from connectors.shutdown import Shutdown
from connectors.telegram.albums import AlbumBook, AlbumKey
from connectors.telegram.client import TelegramApi
from connectors.telegram.errors import TelegramRequestError
from connectors.telegram.events import UPDATE_TYPES
from connectors.telegram.groups import GroupMoves, removal_alert
from connectors.telegram.identity import BotIdentity
from connectors.telegram.receive import (
    GetRawUpdates,
    TelegramCursor,
    UpdateBatch,
    album_key,
    album_parts,
    decode_body,
    read_updates,
)
from connectors.telegram.send import SendRates, TelegramSender
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.staff_group import StaffGroup, StaffTexts
from connectors.voices import KnownVoices
from core.connector import PushRequest, PushResponse, RetryAt, SendResult
from core.errors import ConnectorError, StoreError, Unavailable
from core.model.events import Page
from core.model.outbox import Target

log = logging.getLogger(__name__)
T = TypeVar("T")

_CALL_SECONDS: Final = 20
_RETENTION: Final = timedelta(hours=24)
"""Age at which Telegram drops updates that were not fetched."""
_HEARTBEAT: Final = 600.0
"""Seconds between cursors with the time of the last contact, while there are no updates."""
_ALBUM_PAUSE: Final = 0.7
"""Seconds to wait for more pictures of an album."""
_ALBUM_LOOKS: Final = 6
_EMPTY_ANSWER_PAUSE: Final = 0.5
"""Seconds to wait after an immediate answer without new updates."""


@dataclass(slots=True)
class _Gathering:
    """The pushed pictures of one album that wait for more."""

    items: list[object] = field(default_factory=list)
    stored: "asyncio.Future[UpdateBatch] | None" = None


class Telegram:
    """One bot."""

    def __init__(self, *, name: str, settings: TelegramSettings, context: ConnectorContext) -> None:
        self.name = name
        self.api = TelegramApi(token=settings.token, base_url=settings.base_url)
        self.rates = SendRates(context.clock)
        self._settings = settings
        self._alarm = context.alarm
        self._catalogue = context.catalogue
        self._intake = context.intake
        self._clock = context.clock
        self.board = self._group(context.staff)
        """The staff group; ``None`` if none is configured."""
        self._moves = GroupMoves()
        self._sender = TelegramSender(
            api=self.api,
            rates=self.rates,
            clock=context.clock,
            seconds=settings.send_seconds,
            moves=self._moves,
        )
        self._albums = AlbumBook()
        self._gathering: dict[AlbumKey, _Gathering] = {}
        """Albums of which more pictures may be pushed in a moment."""
        self._accounts = context.accounts
        self._waits = LongWaits(
            name=name, alarm=context.alarm, clock=context.clock, catalogue=context.catalogue
        )
        self._last = TelegramCursor()
        """The cursor from which reading has started."""
        self._shutdown = Shutdown()
        self._me: BotIdentity | None = None
        self.last_contact: datetime | None = None
        """Time of Telegram's last answer or push."""
        self._waiting: int | None = None
        self._lag: float | None = None
        """Age of the newest event in seconds when it was received."""

    def _group(self, staff: StaffRoom | None) -> StaffGroup | None:
        """The staff group, if one is configured and the process serves staff."""
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
            texts=StaffTexts(self._catalogue, staff.language),
        )

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """Yield updates after ``cursor``, oldest first, until ``close``.

        In webhook mode only the registration is watched, and updates come to ``handle_http``.

        Raises Unavailable and Refused.
        """
        last = self._last = TelegramCursor.decode(cursor)
        for old, new in last.moved.items():
            self._moves.add(old, new)
        try:
            me = await self._shutdown.unless_closed(self._identity())
            if me is None:
                return
            await self._warn_of_gap(last)
            polling = self._settings.mode == "polling"
            async for page in self._poll(last, me) if polling else self._watch_webhook(last):
                yield page
        except Unavailable as error:
            await self._waits.note("reading", error.retry_after)
            raise

    async def _warn_of_gap(self, last: TelegramCursor) -> None:
        """Raise an alert if Telegram has dropped updates since the last contact."""
        now = self._clock.now()
        if last.contact is None or now - last.contact <= _RETENTION:
            return
        alert = retention_gap_alert(
            name=self.name,
            since=last.contact,
            now=now,
            retention=_RETENTION,
            catalogue=self._catalogue,
        )
        await self._alarm.raise_alert(alert)

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """As core.connector.Sends; long texts are split into several messages."""
        result = await self._sender.send(target, text, key)
        if isinstance(result, RetryAt):
            await self._waits.note_retry(result)
        return result

    def pause(self) -> float:
        """As core.connector.ThrottlesSends: 30 messages a second in all chats together."""
        return self.rates.overall()

    async def handle_http(self, request: PushRequest) -> PushResponse:
        """Store one pushed update; 503 makes Telegram push it again."""
        if (refusal := self.screen(request)) is not None:
            return refusal
        try:
            batch = await self._take(decode_body(request.body), await self._identity())
        except (StoreError, ConnectorError) as error:
            log.warning("an update was not stored", extra={"error": str(error)})
            return PushResponse(status=503)
        self.last_contact = self._clock.now()
        return _confirmation(batch)

    def screen(self, request: PushRequest) -> PushResponse | None:
        """As core.connector.ScreensHttp: the secret stands in a header."""
        secret = self._settings.webhook_secret
        if self._settings.mode != "webhook" or secret is None:
            return PushResponse(status=404)
        if request.method != "POST":
            return PushResponse(status=405)
        shown = request.headers.get("x-telegram-bot-api-secret-token", "")
        right = hmac.compare_digest(shown.encode("utf-8", "replace"), _value(secret).encode())
        return None if right else PushResponse(status=403)

    async def check(self) -> tuple[str, ...]:
        """As core.connector.ChecksCredentials: the bot, its permissions, and its updates."""
        me = await self._call(GetMe())
        hook = await self._call(GetWebhookInfo())
        return (
            f"bot: @{me.username} ({me.full_name})",
            f"may join groups: {_yes(me.can_join_groups)}",
            f"reads all messages of its groups: {_yes(me.can_read_all_group_messages)}",
            f"updates go to: {hook.url or 'whoever polls'}",
            f"updates waiting: {hook.pending_update_count}",
            "never answered: channels the bot is in, anonymous administrators, other bots",
            f'other accounts of the brand: brands.accounts = ["{self.name}:ID"]',
            "chats that are not the brand's: foreign_chats; programs Telegram does not mark: bots",
        )

    def detail(self) -> tuple[tuple[str, str], ...]:
        """As core.connector.ReportsHealth."""
        facts: list[tuple[str, str]] = [("mode", self._settings.mode)]
        if self._me is not None:
            facts.append(("bot", f"@{self._me.username}"))
        if self.last_contact is not None:
            facts.append(("last_contact", self.last_contact.isoformat(timespec="seconds")))
        if self._waiting is not None:
            facts.append(("waiting", str(self._waiting)))
        if self._lag is not None:
            facts.append(("lag_seconds", f"{self._lag:.0f}"))
        facts.append(("rate_remaining", self.rates.summary()))
        if (held := self.rates.held()) > 0:
            facts.append(("held_seconds", f"{held:.0f}"))
        return tuple(facts)

    async def close(self) -> None:
        """End ``pages`` and close all connections."""
        self._shutdown.close()
        await self.api.close()

    async def _poll(self, last: TelegramCursor, me: BotIdentity) -> AsyncIterator[Page]:
        seconds, stored_at = self._settings.poll_seconds, self._clock.monotonic()
        while True:
            asked_at = self._clock.monotonic()
            ask = GetRawUpdates(
                offset=last.offset, timeout=seconds, allowed_updates=list(UPDATE_TYPES)
            )
            raw = await self._shutdown.unless_closed(self._call(ask, seconds + _CALL_SECONDS))
            if raw is not None and album_parts(raw):
                raw = await self._shutdown.unless_closed(self._with_whole_albums(raw, last))
            if raw is None:
                return
            batch, now = self._parse(raw, me), self._clock.monotonic()
            after = last.after(batch.ids)
            has_news = batch.events or batch.rejects or batch.presses or after != last
            if has_news or now - stored_at >= _HEARTBEAT:
                if batch.changes or batch.presses:
                    await self._carry_out(batch)
                cursor = after.encode(self._clock.now(), self._moves.pairs())
                yield Page(events=batch.events, rejects=batch.rejects, cursor=cursor)
                stored_at = now
                if batch.buttons:
                    await self._confirm(batch)
            if after == last and now - asked_at < _EMPTY_ANSWER_PAUSE:
                await self._shutdown.unless_closed(self._clock.sleep(_EMPTY_ANSWER_PAUSE))
            last = after

    async def _with_whole_albums(self, raw: list[object], last: TelegramCursor) -> list[object]:
        """``raw``, asked for again until its albums have stopped growing.

        With the same offset, so that nothing counts as received.
        """
        ask = GetRawUpdates(offset=last.offset, timeout=0, allowed_updates=list(UPDATE_TYPES))
        for _ in range(_ALBUM_LOOKS):
            await self._clock.sleep(_ALBUM_PAUSE)
            again = await self._call(ask)
            if album_parts(again) <= album_parts(raw):
                return again if len(again) >= len(raw) else raw
            raw = again
        return raw

    async def _take(self, item: object, me: BotIdentity) -> UpdateBatch:
        """Store a pushed update, the pictures of one album together."""
        key = album_key(item)
        if key is None or self._albums.knows(key):
            return await self._store([item], me)
        gathering = self._gathering.get(key)
        if gathering is None:
            gathering = self._gathering[key] = _Gathering()
            gathering.stored = asyncio.ensure_future(self._store_album(key, gathering, me))
        gathering.items.append(item)
        assert gathering.stored is not None  # noqa: S101 - set above, for the type checker
        return await asyncio.shield(gathering.stored)

    async def _store_album(
        self, key: AlbumKey, gathering: "_Gathering", me: BotIdentity
    ) -> UpdateBatch:
        await self._clock.sleep(_ALBUM_PAUSE)
        del self._gathering[key]
        return await self._store(gathering.items, me)

    async def _store(self, items: list[object], me: BotIdentity) -> UpdateBatch:
        batch = self._parse(items, me)
        await self._carry_out(batch)
        moved = self._last.encode(self._clock.now(), self._moves.pairs()) if batch.moved else None
        page = Page(events=batch.events, rejects=batch.rejects, cursor=moved)
        try:
            await self._intake.accept(self.name, page)
        except StoreError:  # all of it is pushed again
            for key in filter(None, map(album_key, items)):
                self._albums.forget(key)
            raise
        return batch

    async def _watch_webhook(self, last: TelegramCursor) -> AsyncIterator[Page]:
        secret = self._settings.webhook_secret
        register = SetWebhook(
            url=self._settings.webhook_url or "",
            secret_token=_value(secret) if secret else None,
            allowed_updates=list(UPDATE_TYPES),
        )
        if await self._shutdown.unless_closed(self._call(register)) is None:
            return
        while (
            info := await self._shutdown.unless_closed(self._call(GetWebhookInfo()))
        ) is not None:
            self._waiting = info.pending_update_count
            if info.url != self._settings.webhook_url:
                raise Unavailable(
                    "This bot's webhook was changed by another program; it is set again"
                )
            yield Page(events=(), cursor=last.encode(self._clock.now(), self._moves.pairs()))
            await self._shutdown.unless_closed(self._clock.sleep(_HEARTBEAT))

    def _parse(self, raw: list[object], me: BotIdentity) -> UpdateBatch:
        now = self._clock.now()
        batch = read_updates(
            raw,
            me,
            channel=self.name,
            now=now,
            staff=self._settings.staff_chat,
            moves=self._moves,
            albums=self._albums,
        )
        if batch.events:
            self._lag = max(0.0, (now - batch.events[-1].posted_at).total_seconds())
        return batch

    async def _identity(self) -> BotIdentity:
        if self._me is None:
            user = await self._call(GetMe())
            self._me = BotIdentity(
                id=user.id,
                username=user.username or "",
                voices=KnownVoices.named(own=self._accounts, bots=self._settings.bots),
                foreign_chats=frozenset(self._settings.foreign_chats),
            )
        return self._me

    async def _call(self, method: TelegramMethod[T], seconds: int = _CALL_SECONDS) -> T:
        try:
            answer = await self.api.call(method, seconds=seconds)
        except TelegramRequestError as error:
            raise error.as_reading_error() from error
        self.last_contact = self._clock.now()
        return answer

    async def _carry_out(self, batch: UpdateBatch) -> None:
        """Carry out staff buttons, and tell staff of removals, before the offset moves."""
        for change in batch.changes:
            alert = removal_alert(
                change, name=self.name, now=self._clock.now(), catalogue=self._catalogue
            )
            if alert is not None:
                await self._alarm.raise_alert(alert)
        for query in batch.presses:
            if self.board is None:
                continue
            try:
                await self.board.press(query)
            except StoreError:
                raise
            except Exception:  # an unexpected press must not stop reading for good
                log.exception("a button of the staff group failed", extra={"id": query.id})

    async def _confirm(self, batch: UpdateBatch) -> None:
        """Stop the progress indicator of pressed buttons; a failure has no consequence."""
        for button in batch.buttons:
            try:
                await self._call(AnswerCallbackQuery(callback_query_id=button), 5)
            except ConnectorError as error:
                log.info("a button was not confirmed", extra={"error": str(error)})


def _confirmation(batch: UpdateBatch) -> PushResponse:
    """Answer 200; if a button was pressed, with the call that confirms it."""
    if not batch.buttons:
        return PushResponse(status=200)
    call = {"method": "answerCallbackQuery", "callback_query_id": batch.buttons[0]}
    return PushResponse(
        status=200, body=json.dumps(call).encode(), content_type="application/json; charset=utf-8"
    )


def _value(secret: SecretStr) -> str:
    return secret.get_secret_value()


def _yes(value: bool | None) -> str:
    return "yes" if value else "no"
