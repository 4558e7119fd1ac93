"""Pages as a browser gets them, over a store that has something of everything."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
from starlette.applications import Starlette
from starlette.types import ASGIApp

from console.access import Door
from core.alerts import Mute
from core.decisions import Action, Decision
from core.events import Author
from core.incidents import TimelineEntry
from core.outbox import ReplyState
from core.pauses import Pause
from storage.sqlite.store import SqliteStore
from tests.console.seeds import (
    NOW,
    add_alert,
    add_incident,
    add_mention,
    event,
    judgement,
    reply,
    ticket,
)

EXAMPLES = {"seq": "1", "number": "T-1001", "id": "INC-101"}
"""What ``fill`` makes, for the parameters of paths."""
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'\u202e\ud83d\x00{{7*7}}"


def staff_paths(app: ASGIApp) -> list[str]:
    """Every address that only staff may read, with its parameters filled in."""
    assert isinstance(app, Starlette)
    return [
        re.sub(r"\{(\w+)\}", lambda found: EXAMPLES[found[1]], route.path)
        for route in app.routes
        if isinstance(route, Door) and route.who == "staff" and "GET" in (route.methods or ())
    ]


def pages_of(app: ASGIApp) -> list[str]:
    """Every page of the menu, one of each detail page, and the chat at the end."""
    assert isinstance(app, Starlette)
    menu = [route.path for route in app.routes if isinstance(route, Door) and route.menu]
    details = [path for path in staff_paths(app) if path.endswith(tuple(EXAMPLES.values()))]
    return [*menu, *(path for path in details if not path.startswith("/api/")), "/chat"]


async def fill(store: SqliteStore, text: str, name: str = "1") -> None:
    """Everything that a page can show, with ``text`` in every free field."""
    what = event(
        name,
        text,
        author=Author(id=f"{text}{name}", name=text),
        url=f"javascript:{text}",
        channel=text,
        posted_at=NOW,
    )
    about = replace(
        judgement(), category=text, intent=text, risk=(text,), evidence=(text, "script")
    )
    number = await store.tickets.reserve_number()
    mention = await add_mention(
        store,
        what,
        judged=replace(about, model=text),
        decision=Decision(action=Action.TICKET, rule=text, reason=text, article=text),
        ticket=ticket(number, what, subject=text, customer=text, category=text, owner=text),
        replies=(
            reply(f"draft{text}", what, text, reason=text),
            reply(f"failed{text}", what, text, state=ReplyState.PENDING, reason=text),
        ),
        flags=(text,),
    )
    note = TimelineEntry(at=NOW, by=text, what=text, detail=text)
    incident = await add_incident(
        store,
        text,
        title=text,
        brand=text,
        category=text,
        owner=text,
        channels=(text,),
        reasons=(text,),
        statement=text,
        timeline=(note,),
        drill=True,
    )
    await store.incidents.assign([mention.seq], incident.id)
    other = incident.id if name == "1" else text
    await add_alert(store, text, title=text, body=text, incident=other, owner=text, brand=text)
    await store.pauses.save(
        Pause(id=f"category:{text}", scope="category", value=text, reason=text, by=text, at=NOW)
    )
    await store.alerts.mute(
        Mute(
            id=text,
            brand=text,
            channel=text,
            category=text,
            kind=text,
            incident=text,
            until=datetime(2200, 1, 1, tzinfo=UTC),
            reason=text,
            by=text,
        )
    )


async def text_of(browser: aiohttp.ClientSession, path: str, status: int = 200) -> str:
    async with browser.get(path) as answer:
        assert answer.status == status, path
        return await answer.text()
