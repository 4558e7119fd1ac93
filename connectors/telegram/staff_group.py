"""The staff group: cards with buttons, edited as their subject changes.

Cards are posted at least once, like alerts; the desk carries out each button once. Telegram does
not notify of edits, so a card with news is posted again below.
"""

import asyncio
import hashlib
import logging
import re
from dataclasses import replace
from typing import Final

from aiogram.methods import AnswerCallbackQuery, EditMessageText, SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from connectors.context import PostedCards, StaffDesk
from connectors.telegram.client import TelegramApi
from connectors.telegram.errors import TelegramFault, TelegramRequestError
from connectors.telegram.send import SendRates
from connectors.telegram.text import MAX_MESSAGE, length, sendable, shorten
from core.clock import Clock
from core.errors import Conflict, ConnectorError, Refused, Unavailable
from core.i18n import Catalogue
from core.localized import UiLanguage
from core.model.alerts import Alert
from core.model.cards import Card, PostedCard, StaffAction, alert_card

log = logging.getLogger(__name__)

_BUTTON_DATA: Final = re.compile(r"([a-z]{1,20}):([0-9a-f]{32})")
_TIMEOUT: Final = 20
_ROW: Final = 3


class StaffTexts:
    """The messages ``telegram.…`` in the language of a group."""

    def __init__(self, catalogue: Catalogue, language: UiLanguage) -> None:
        self._catalogue = catalogue
        self._language: UiLanguage = language

    def render(self, key: str, **values: object) -> str:
        """The message ``telegram.KEY``, with ``values`` filled in."""
        return self._catalogue.say(f"telegram.{key}", self._language, **values)


class StaffGroup:
    """One staff group; a core.model.cards.StaffBoard."""

    def __init__(
        self,
        *,
        name: str,
        chat: int,
        api: TelegramApi,
        rates: SendRates,
        clock: Clock,
        desk: StaffDesk,
        postings: PostedCards,
        texts: StaffTexts,
    ) -> None:
        """``api`` and ``rates`` are the connector's, since rates cover all that a bot sends."""
        self.name = name
        self._chat = chat
        self._api = api
        self._rates = rates
        self._clock = clock
        self._desk = desk
        self._postings = postings
        self._texts = texts
        self._posting = asyncio.Lock()
        """Held while a card is posted, since alerts and drafts come from two tasks."""
        self._editing = asyncio.Lock()
        """Held while a card is read and shown, so that no older state replaces a newer one."""

    async def deliver(self, alert: Alert) -> None:
        """As core.model.cards.StaffBoard, and as a receiver of alerts."""
        card = await self._desk.card(f"alert:{alert.key}")
        await self.show(card or alert_card(alert, now=self._clock.now()))

    async def show(self, card: Card) -> None:
        """Post the card, or edit it in place if it is posted already and has no news.

        Raises Unavailable to be called again, Refused if the group cannot be written to.
        """
        async with self._posting:
            old = await self._postings.posting(card.token)
            has_news = old is not None and card.notices > old.notices and card.state != "resolved"
            if old is not None and not has_news and await self._edit(card):
                return
            await self._post(card)
            if old is not None and has_news:
                await self._retire(old, card)

    async def update(self, card: Card) -> None:
        """As core.model.cards.StaffBoard."""
        if await self._postings.posting(card.token) is not None:
            await self._edit(card)

    async def _post(self, card: Card) -> None:
        while (wait := self._rates.wait(self._chat, card.token)) > 0:
            await self._clock.sleep(wait)
        await self._clock.sleep(self._rates.overall())
        method = SendMessage(
            chat_id=self._chat,
            text=card_text(card, self._texts),
            reply_markup=card_buttons(card, self._texts),
        )
        try:
            message: Message = await self._api.call(method, seconds=_TIMEOUT)
        except TelegramRequestError as error:
            raise self._delivery_error(error, card.token) from error
        finally:
            self._rates.sent(self._chat)
        await self._postings.save_posting(
            PostedCard(
                token=card.token,
                subject=card.subject,
                chat=self._chat,
                message=message.message_id,
                notices=card.notices,
                shown=card_digest(card, self._texts),
                over=not card.actions,
            )
        )

    async def press(self, query: CallbackQuery) -> None:
        """Carry out a button that an enrolled member of staff pressed; tell others why not."""
        found = _BUTTON_DATA.fullmatch(query.data or "")
        posting = await self._postings.posting(found[2]) if found else None
        card = await self._desk.card(posting.subject) if posting else None
        account = str(query.from_user.id)
        member = await self._desk.member(account)
        if member is None:
            await self._answer(query, "told.stranger", account=account, loud=True)
        elif found is None or posting is None or card is None:
            await self._answer(query, "told.unknown", loud=True)
        elif found[1] not in card.actions:
            await self._answer(query, "told.late", loud=True)
            await self._edit_quietly(card)
        else:
            await self._act(query, posting, StaffAction(found[1]), member)

    async def _act(
        self, query: CallbackQuery, posting: PostedCard, action: StaffAction, member: str
    ) -> None:
        try:
            card: Card | None = await self._desk.act(posting.subject, action, by=member)
            result = "told.done"
        except Conflict:
            card = await self._desk.card(posting.subject)
            result = "told.late"
        await self._answer(query, result, loud=result == "told.late")
        if card is not None:
            await self._edit_quietly(card)

    async def _answer(
        self, query: CallbackQuery, key: str, *, loud: bool = False, **values: object
    ) -> None:
        """Show a text to the person who pressed; a failure has no consequence."""
        text = self._texts.render(key, **values)
        method = AnswerCallbackQuery(callback_query_id=query.id, text=text, show_alert=loud)
        try:
            await self._api.call(method, seconds=_TIMEOUT)
        except TelegramRequestError as error:
            log.info("a pressed button was not answered", extra={"error": error.text})

    async def _edit_quietly(self, card: Card) -> None:
        try:
            await self._edit(card)
        except ConnectorError as error:
            log.warning("a card was not updated", extra={"error": str(error)})

    async def _edit(self, card: Card) -> bool:
        """Update the message of a card; False if the message is gone."""
        async with self._editing:
            card = await self._desk.card(card.subject) or card
            posting = await self._postings.posting(card.token)
            shown = card_digest(card, self._texts)
            if posting is None or posting.shown == shown:
                return posting is not None
            text, buttons = card_text(card, self._texts), card_buttons(card, self._texts)
            if not await self._rewrite(posting, card, text, buttons):
                return False
            over = not card.actions
            await self._postings.save_posting(replace(posting, shown=shown, over=over))
            return True

    async def _retire(self, posting: PostedCard, card: Card) -> None:
        """Remove the buttons of a message that a newer one has replaced."""
        try:
            await self._rewrite(posting, card, card_text(card, self._texts, moved=True), None)
        except ConnectorError as error:
            log.warning("an outdated card keeps its buttons", extra={"error": str(error)})

    async def _rewrite(
        self, posting: PostedCard, card: Card, text: str, buttons: InlineKeyboardMarkup | None
    ) -> bool:
        """Edit a message; False if it is gone. A message that is unchanged counts as edited."""
        method = EditMessageText(
            chat_id=posting.chat, message_id=posting.message, text=text, reply_markup=buttons
        )
        try:
            await self._api.call(method, seconds=_TIMEOUT)
        except TelegramRequestError as error:
            if error.fault is not TelegramFault.REJECTED:
                raise self._delivery_error(error, card.token) from error
            return "not modified" in error.text
        return True

    def _delivery_error(self, error: TelegramRequestError, token: str) -> ConnectorError:
        match error.fault:
            case TelegramFault.WAIT:
                self._rates.hold(self._chat, token, error.retry_after)
                return Unavailable(error.text, retry_after=error.retry_after)
            case TelegramFault.MOVED:
                return Refused(
                    "The staff group has a new id", remedy=f"Set staff_chat = {error.moved_to}."
                )
            case TelegramFault.FORBIDDEN | TelegramFault.REJECTED:
                return Refused(
                    f"The bot cannot write to the staff group: {error.text}",
                    remedy="Add the bot to the group, and check staff_chat.",
                )
        return error.as_reading_error()


def card_text(card: Card, texts: StaffTexts, *, moved: bool = False) -> str:
    """The card as one message; a long body is shortened, the state never.

    ``moved``: the card was posted again below, and this message has no buttons.
    """
    head = texts.render(card.kind, severity=card.severity or "", title=shorten(card.title, 300))
    state = "moved" if moved else f"state.{card.state}"
    foot = texts.render(state, by=shorten(card.by, 100)).replace("  ", " ")
    if card.paused and not moved:
        foot = f"{foot}\n{texts.render('paused')}"
    room = MAX_MESSAGE - length(head) - length(foot) - 4
    return sendable(f"{head}\n\n{shorten(card.body, room)}\n\n{foot}")


def card_buttons(card: Card, texts: StaffTexts) -> InlineKeyboardMarkup:
    """A button for each available action, with ``ACTION:TOKEN`` behind it."""
    buttons = [
        InlineKeyboardButton(
            text=texts.render(f"button.{action}"), callback_data=f"{action}:{card.token}"
        )
        for action in card.actions
    ]
    rows = [buttons[start : start + _ROW] for start in range(0, len(buttons), _ROW)]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def card_digest(card: Card, texts: StaffTexts) -> str:
    """Equal for cards that look the same."""
    said = "\0".join((card_text(card, texts), *card.actions))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
