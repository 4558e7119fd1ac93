"""The staff's own group: cards with buttons, edited as the state of their matter changes.

Cards are posted at least once, as alerts are; what a button does is done once, by the desk. Nobody
hears of an edit, so what has to be noticed again is posted anew, below.
"""
# DOC How a card looks in Telegram: one message, and a button for each thing that may be done.

import asyncio
import hashlib
import logging
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from aiogram.methods import AnswerCallbackQuery, EditMessageText, SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from connectors.context import PostedCards, StaffDesk
from connectors.telegram.client import TelegramApi
from connectors.telegram.errors import TelegramFault, TelegramRequestError
from connectors.telegram.limits import SendRates
from connectors.telegram.text import LIMIT, length, sendable, shorten
from core.alerts import Alert
from core.cards import Card, PostedCard, StaffAction, alert_card
from core.clock import Clock
from core.errors import Conflict, ConnectorError, Refused, Unavailable

log = logging.getLogger(__name__)

_BEHIND_A_BUTTON: Final = re.compile(r"([a-z]{1,20}):([0-9a-f]{32})")
_SECONDS: Final = 20


class StaffGroup:
    """One group of staff; core.cards.Board, and the taker of the connector's presses."""

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
        language: Literal["zh", "en"],
    ) -> None:
        """``api`` and ``rates`` are the connector's, for a bot has one pace for all it sends."""
        self.name = name
        self._chat = chat
        self._api = api
        self._rates = rates
        self._clock = clock
        self._desk = desk
        self._postings = postings
        self._words = StaffTexts(language)
        self._posting = asyncio.Lock()
        """Held while a card is posted, for alerts and drafts come from two tasks."""
        self._editing = asyncio.Lock()
        """Held while a card is read and shown, so that no older state is shown after a newer."""

    async def deliver(self, alert: Alert) -> None:
        """As core.cards.Board, and as a receiver of alerts."""
        card = await self._desk.card(f"alert:{alert.key}")
        await self.show(card or alert_card(alert, now=self._clock.now()))

    async def show(self, card: Card) -> None:
        """Post the card, or edit it where it stands already and has no news.

        Raises Unavailable to be called again, Refused where the group cannot be written to.
        """
        async with self._posting:
            old = await self._postings.posting(card.token)
            has_news = old is not None and card.notices > old.notices and card.state != "resolved"
            if old is not None and not has_news and await self._edit(card):
                return
            await self._post(card)
            if old is not None and has_news:
                await self._strike(old, card)

    async def update(self, card: Card) -> None:
        """As core.cards.Board."""
        if await self._postings.posting(card.token) is not None:
            await self._edit(card)

    async def _post(self, card: Card) -> None:
        while (wait := self._rates.wait(self._chat, card.token)) > 0:
            await self._clock.sleep(wait)
        await self._clock.sleep(self._rates.overall())
        method = SendMessage(
            chat_id=self._chat,
            text=card_text(card, self._words),
            reply_markup=card_buttons(card, self._words),
        )
        try:
            message: Message = await self._api.call(method, seconds=_SECONDS)
        except TelegramRequestError as error:
            raise self._meaning(error, card.token) from error
        finally:
            self._rates.sent(self._chat)
        await self._postings.save_posting(
            PostedCard(
                token=card.token,
                subject=card.subject,
                chat=self._chat,
                message=message.message_id,
                notices=card.notices,
                shown=card_digest(card, self._words),
                over=not card.actions,
            )
        )

    async def press(self, query: CallbackQuery) -> None:
        """Do what an enrolled member of staff pressed; tell everybody else why not."""
        found = _BEHIND_A_BUTTON.fullmatch(query.data or "")
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
            told = "told.done"
        except Conflict:
            card = await self._desk.card(posting.subject)
            told = "told.late"
        await self._answer(query, told, loud=told == "told.late")
        if card is not None:
            await self._edit_quietly(card)

    async def _answer(
        self, query: CallbackQuery, key: str, *, loud: bool = False, **values: object
    ) -> None:
        """Tell who pressed; that they do not hear it undoes nothing."""
        text = self._words.say(key, **values)
        method = AnswerCallbackQuery(callback_query_id=query.id, text=text, show_alert=loud)
        try:
            await self._api.call(method, seconds=_SECONDS)
        except TelegramRequestError as error:
            log.info("a press was not answered", extra={"error": error.text})

    async def _edit_quietly(self, card: Card) -> None:
        try:
            await self._edit(card)
        except ConnectorError as error:
            log.warning("a card shows an old state", extra={"error": str(error)})

    async def _edit(self, card: Card) -> bool:
        """Show the matter as it is now in its message; False where the message is gone."""
        async with self._editing:
            card = await self._desk.card(card.subject) or card
            posting = await self._postings.posting(card.token)
            shown = card_digest(card, self._words)
            if posting is None or posting.shown == shown:
                return posting is not None
            text, buttons = card_text(card, self._words), card_buttons(card, self._words)
            if not await self._rewrite(posting, card, text, buttons):
                return False
            over = not card.actions
            await self._postings.save_posting(replace(posting, shown=shown, over=over))
            return True

    async def _strike(self, posting: PostedCard, card: Card) -> None:
        """Leave nothing to press in a message that a newer one has replaced."""
        try:
            await self._rewrite(posting, card, card_text(card, self._words, moved=True), None)
        except ConnectorError as error:
            log.warning("a card stands twice", extra={"error": str(error)})

    async def _rewrite(
        self, posting: PostedCard, card: Card, text: str, buttons: InlineKeyboardMarkup | None
    ) -> bool:
        """False where the message is gone; one that says so already is fine."""
        method = EditMessageText(
            chat_id=posting.chat, message_id=posting.message, text=text, reply_markup=buttons
        )
        try:
            await self._api.call(method, seconds=_SECONDS)
        except TelegramRequestError as error:
            if error.fault is not TelegramFault.REJECTED:
                raise self._meaning(error, card.token) from error
            return "not modified" in error.text
        return True

    def _meaning(self, error: TelegramRequestError, token: str) -> ConnectorError:
        match error.fault:
            case TelegramFault.WAIT:
                self._rates.hold(self._chat, token, error.seconds)
                return Unavailable(error.text, retry_after=error.seconds)
            case TelegramFault.MOVED:
                return Refused(
                    "The staff's group has a new id", remedy=f"Set staff_chat = {error.moved_to}."
                )
            case TelegramFault.FORBIDDEN | TelegramFault.REJECTED:
                return Refused(
                    f"The bot cannot write to the staff's group: {error.text}",
                    remedy="Add the bot to the group, and check staff_chat.",
                )
        return error.reading()


_ROW: Final = 3


class StaffTexts:
    """The texts of one language."""

    def __init__(self, language: Literal["zh", "en"]) -> None:
        file = Path(__file__).with_name("staff_messages.toml")
        self._texts: dict[str, str] = tomllib.loads(file.read_text("utf-8"))[language]

    def say(self, key: str, **values: object) -> str:
        """The text under ``key``, with the values in their places."""
        return self._texts[key].format(**values)


def card_text(card: Card, words: StaffTexts, *, moved: bool = False) -> str:
    """The card as one message; a body that is too long is cut, the state never.

    ``moved``: the card stands further down now, and this message has nothing to press.
    """
    head = words.say(card.kind, severity=card.severity or "", title=shorten(card.title, 300))
    state = "moved" if moved else f"state.{card.state}"
    foot = words.say(state, by=shorten(card.by, 100)).replace("  ", " ")
    if card.paused and not moved:
        foot = f"{foot}\n{words.say('paused')}"
    room = LIMIT - length(head) - length(foot) - 4
    return sendable(f"{head}\n\n{shorten(card.body, room)}\n\n{foot}")


def card_buttons(card: Card, words: StaffTexts) -> InlineKeyboardMarkup:
    """A button for each thing that may be done; ``ACTION:TOKEN`` is behind it."""
    buttons = [
        InlineKeyboardButton(
            text=words.say(f"button.{action}"), callback_data=f"{action}:{card.token}"
        )
        for action in card.actions
    ]
    rows = [buttons[start : start + _ROW] for start in range(0, len(buttons), _ROW)]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def card_digest(card: Card, words: StaffTexts) -> str:
    """The same for cards that look the same."""
    said = "\0".join((card_text(card, words), *card.actions))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
