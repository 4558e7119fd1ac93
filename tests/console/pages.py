"""Pages as a browser gets them, over a store that has something of everything."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import aiohttp
from starlette.routing import BaseRoute

from console.pages.base import ConsolePage
from console.security import GuardedRoute, GuardedSocket, PublicFiles
from core.model.alerts import Mute
from core.model.decisions import Action, Decision
from core.model.events import Author
from core.model.incidents import TimelineEntry
from core.model.outbox import ReplyState
from core.model.pauses import Pause
from storage.sqlite.store import SqliteStore
from tests.console.running import RunningConsole
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

PARAMETERS: Final[Mapping[str, str]] = {
    "seq": "1",
    "number": "T-1001",
    "id": "INC-101",
    "channel": "wechat",
    "rest": "verify",
}
"""A value for each path parameter; ``fill`` stores the records that they name."""
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'\u202e\ud83d\x00{{7*7}}"


def path_of(route: BaseRoute) -> str:
    """The route's path with its parameters filled."""
    assert isinstance(route, GuardedRoute | GuardedSocket | PublicFiles)
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: PARAMETERS[found[1]], route.path)


def routes_of(console: RunningConsole, page: type[ConsolePage]) -> Sequence[BaseRoute]:
    """The routes of a registered page in a running console."""
    return [
        route
        for route in console.routes
        if isinstance(route, GuardedRoute | GuardedSocket)
        and isinstance(getattr(route.endpoint, "__self__", None), page)
    ]


async def page_paths(console: RunningConsole) -> Sequence[str]:
    """Paths of the whole pages that the store has something for, found by asking every route."""
    found = []
    async with aiohttp.ClientSession(console.url) as browser:
        for route in console.routes:
            if isinstance(route, GuardedRoute) and "GET" in (route.methods or ()):
                async with browser.get(path_of(route)) as answer:
                    if answer.status == 200 and "<html" in await answer.text():
                        found.append(path_of(route))
    return found


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
