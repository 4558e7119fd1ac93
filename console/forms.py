"""Reads what a browser sends: limited, cleaned, and with a remedy in every complaint."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, get_args
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from core.errors import InputError
from core.mentions import MentionFilter
from core.taxonomy import Sentiment
from core.tickets import TicketFilter

LONGEST_FORM: Final = 64 * 1024
LONGEST_REPLY: Final = 5000
LONGEST_SEARCH: Final = 200
LONGEST_NAME: Final = 40
MOST_DIGITS: Final = 18

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

TicketStateName = Literal["open", "waiting", "resolved", "unresolved"]


async def read_body(request: Request, limit: int) -> bytes:
    """The body; HTTP 413 where it is longer than ``limit`` bytes."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise HTTPException(413, detail="too_large")
    return bytes(body)


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form; the last of equal names counts."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, detail="not_a_form")
    body = await read_body(request, LONGEST_FORM)
    try:
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise HTTPException(400, detail="not_a_form") from error
    return dict(pairs)


def clean(text: str) -> str:
    """``text`` with line ends unified, without control characters and outer blanks."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def mention_filter(query: Mapping[str, str]) -> MentionFilter:
    """From ``text, brand, channel, sentiment, category, since, until``; empty means all.

    Raises InputError for a value that cannot be.
    """
    sentiment = _one_of(query, "sentiment", get_args(Sentiment))
    return MentionFilter(
        text=_word(query, "text"),
        brand=_word(query, "brand"),
        channel=_word(query, "channel"),
        sentiment=next((s for s in get_args(Sentiment) if s == sentiment), None),
        category=_word(query, "category"),
        since=_time(query, "since"),
        until=_time(query, "until"),
    )


def ticket_filter(query: Mapping[str, str]) -> TicketFilter:
    """From ``text, brand, channel, state, owner``; the state is ``unresolved`` unless given."""
    states = get_args(TicketStateName)
    state = _one_of(query, "state", (*states, "all")) or "unresolved"
    return TicketFilter(
        text=_word(query, "text"),
        brand=_word(query, "brand"),
        channel=_word(query, "channel"),
        state=next((s for s in states if s == state), None),
        owner=_word(query, "owner"),
    )


def whole(query: Mapping[str, str], name: str, *, default: int | None = None) -> int | None:
    """A whole number of the query, or ``default`` where it is empty."""
    value = query.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or len(value) > MOST_DIGITS:
        raise InputError(f"{name} has to be a whole number")
    return int(value)


def _word(query: Mapping[str, str], name: str) -> str | None:
    return clean(query.get(name, ""))[:LONGEST_SEARCH] or None


def _one_of(query: Mapping[str, str], name: str, known: tuple[str, ...]) -> str | None:
    value = query.get(name, "")
    if value and value not in known:
        raise InputError(f"{name} has to be one of: {', '.join(known)}")
    return value or None


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    value = query.get(name, "")
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise InputError(f"{name} has to be a time such as 2025-01-31T08:00:00+08:00") from error
    if found.tzinfo is None:
        raise InputError(f"{name} needs its time zone, such as 2025-01-31T08:00:00+08:00")
    return found
