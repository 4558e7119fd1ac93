"""Reads request bodies, form fields and query parameters, within limits."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Final, Literal, get_args

from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser
from starlette.requests import Request

from core.errors import InputError
from core.model.mentions import MentionFilter
from core.model.tickets import TicketFilter
from core.taxonomy import Sentiment

MAX_FORM_BYTES: Final = 64 * 1024
MAX_FORM_FIELDS: Final = 50
MAX_REPLY: Final = 5000
MAX_SEARCH: Final = 200
MAX_NAME: Final = 40
MAX_DIGITS: Final = 18

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

TicketStateName = Literal["open", "waiting", "resolved", "unresolved"]


async def read_body(request: Request, limit: int) -> bytes:
    """The body; raises HTTPException 413 where it is longer than ``limit`` bytes."""
    body = bytearray()
    async with aclosing(_limited(request, limit)) as parts:
        async for part in parts:
            body += part
    return bytes(body)


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of an URL-encoded form; the last of equal names wins.

    Raises HTTPException 415 for another content type, 413 over MAX_FORM_BYTES, 400 over
    MAX_FORM_FIELDS.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, detail="not_a_form")
    async with aclosing(_limited(request, MAX_FORM_BYTES)) as parts:
        form = await FormParser(request.headers, parts).parse()
    fields = form.multi_items()
    if len(fields) > MAX_FORM_FIELDS:
        raise HTTPException(400, detail="not_a_form")
    return {name: value for name, value in fields if isinstance(value, str)}


async def _limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise HTTPException(413, detail="too_large")
        yield part


def clean(text: str) -> str:
    """Strip ``text``, unify its line ends and remove control characters."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def mention_filter(query: Mapping[str, str]) -> MentionFilter:
    """From ``text, brand, channel, sentiment, category, since, until``; empty means all.

    Raises InputError for an invalid value.
    """
    sentiment = _one_of(query, "sentiment", get_args(Sentiment))
    return MentionFilter(
        text=_term(query, "text"),
        brand=_term(query, "brand"),
        channel=_term(query, "channel"),
        sentiment=next((s for s in get_args(Sentiment) if s == sentiment), None),
        category=_term(query, "category"),
        since=_time(query, "since"),
        until=_time(query, "until"),
    )


def ticket_filter(query: Mapping[str, str]) -> TicketFilter:
    """From ``text, brand, channel, state, owner``; the state is ``unresolved`` by default.

    Raises InputError for an invalid value.
    """
    states = get_args(TicketStateName)
    state = _one_of(query, "state", (*states, "all")) or "unresolved"
    return TicketFilter(
        text=_term(query, "text"),
        brand=_term(query, "brand"),
        channel=_term(query, "channel"),
        state=next((s for s in states if s == state), None),
        owner=_term(query, "owner"),
    )


def integer(query: Mapping[str, str], name: str, *, default: int | None = None) -> int | None:
    """The non-negative integer ``name``, or ``default`` where it is empty.

    Raises InputError for anything else.
    """
    value = query.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or len(value) > MAX_DIGITS:
        raise InputError(f"{name} has to be a whole number")
    return int(value)


def _term(query: Mapping[str, str], name: str) -> str | None:
    return clean(query.get(name, ""))[:MAX_SEARCH] or None


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
