"""The score of an exercise."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp

from console.drill import DrillScoreboard
from core.clock import ManualClock
from core.model.alerts import Alert
from core.model.incidents import Incident
from core.model.mentions import Mention
from core.model.outbox import Reply, ReplyState, Target
from core.runtime.bus import Bus, ConversationUpdated
from tests.console.running import open_console
from tests.console.seeds import NOW, add_incident, event, judgement


def mention(seq: int, *, negative: bool = True) -> Mention:
    return Mention(
        seq=seq,
        event=event(str(seq), "面包发霉"),
        brands=("fresh",),
        judgement=judgement("negative" if negative else "positive"),
    )


def alert(**changes: object) -> Alert:
    plain = Alert(key="a", kind="incident", severity="P2", title="t", body="", created_at=NOW)
    return replace(plain, **changes)  # type: ignore[arg-type]  # real fields


def incident(**changes: object) -> Incident:
    plain = Incident(
        id="INC-1", key="k", brand="b", title="t", category="c", severity="P1", state="open",
        first_at=NOW, last_at=NOW, mentions=1, authors=1,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]  # real fields


def reply(by: str) -> Reply:
    return Reply(
        key="r",
        target=Target(channel="x", conversation="c"),
        text="t",
        state=ReplyState.PENDING,
        language="zh",
        by=by,
        created_at=NOW,
    )


async def test_times_count_from_the_first_negative_post() -> None:
    clock = ManualClock(NOW)
    board = DrillScoreboard(bus=Bus(), clock=clock)
    board.note(alert())
    assert board.score().detect is None, "before anything has happened it is no detection"
    board.note(mention(1, negative=False))
    await clock.advance(5)
    board.note(mention(2))
    board.note(mention(2))
    await clock.advance(10)
    board.note(reply("王敏"))
    board.note(incident(owner="王敏"))
    board.note(alert(severity="P3"))
    score = board.score()
    assert (score.posts, score.detect, score.acknowledge, score.answer) == (2, None, None, None)
    board.note(alert())
    await clock.advance(20)
    board.note(alert(state="acknowledged", owner="bot"))
    board.note(reply("bot"))
    assert board.score().acknowledge is None
    board.note(alert(state="acknowledged", owner="王敏"))
    await clock.advance(20)
    board.note(incident(statement="正在核实"))
    assert board.score().answer is None, "nobody has read what is only saved"
    await clock.advance(10)
    board.note(reply("王敏"))
    board.note(alert())
    score = board.score()
    assert score.began_at == NOW + timedelta(seconds=5)
    assert (score.detect, score.acknowledge, score.answer) == (10.0, 30.0, 60.0)


def posted(seq: int, minutes: float) -> Mention:
    one = mention(seq)
    return replace(one, event=replace(one.event, posted_at=NOW + timedelta(minutes=minutes)))


async def test_times_count_from_the_first_post_of_the_detected_incident() -> None:
    clock = ManualClock(NOW)
    board = DrillScoreboard(bus=Bus(), clock=clock)
    for seq in (1, 2, 3):
        board.note(posted(seq, seq))
        await clock.advance(10)
    board.note(alert(kind="deadline", severity="P1"))
    assert board.score().detect is None, "a late ticket is no crisis"
    began = NOW + timedelta(minutes=2)
    board.note(incident(first_at=began))
    board.note(alert(incident="INC-1"))
    assert (board.score().began_at, board.score().detect) == (NOW + timedelta(seconds=10), 20.0)
    board.note(incident(id="INC-2", first_at=NOW + timedelta(minutes=3)))
    board.note(alert(incident="INC-2"))
    assert board.score().detect == 20.0
    board.note(incident(first_at=began, merged_into="INC-2", state="resolved"))
    assert board.score().detect == 10.0, "what it turned out to be a part of began later"
    board.note(incident(id="INC-2", first_at=NOW - timedelta(days=1)))
    assert board.score().detect == 30.0, "of what came before the exercise nothing is known"


async def test_an_owner_acknowledges_and_a_persons_reply_answers() -> None:
    clock = ManualClock(NOW)
    board = DrillScoreboard(bus=Bus(), clock=clock)
    for change in (
        mention(1),
        alert(),
        incident(owner="bot"),
        incident(owner="王敏"),
        reply("王敏"),
    ):
        await clock.advance(1)
        board.note(change)
    score = board.score()
    assert (score.detect, score.acknowledge, score.answer) == (1.0, 3.0, 4.0)


async def test_every_page_is_marked_as_a_drill(tmp_path: Path) -> None:
    async with (
        open_console(tmp_path, drilled=True) as console,
        aiohttp.ClientSession(base_url=console.url) as browser,
    ):
        await add_incident(console.store)
        pages = (
            "/",
            "/tickets",
            "/drafts",
            "/incidents",
            "/incidents/INC-101",
            "/alerts",
            "/pauses",
        )
        for page in pages:
            async with browser.get(f"{page}?lang=en") as answer:
                assert "This is a drill" in await answer.text(), page
        async with browser.get("/incidents?lang=zh") as answer:
            html = await answer.text()
        assert "演练中" in html
        assert "发现 尚未" in html
        async with browser.get("/api/drill") as answer:
            score = await answer.json()
        assert score == {
            "posts": 0,
            "began_at": None,
            "detect": None,
            "acknowledge": None,
            "answer": None,
            "ended": False,
        }


async def test_the_scoreboard_follows_the_bus_until_cancelled() -> None:
    bus, clock = Bus(), ManualClock(NOW)
    board = DrillScoreboard(bus=bus, clock=clock)
    running = asyncio.create_task(board.run())
    await asyncio.sleep(0)
    bus.publish(mention(1))
    bus.publish(ConversationUpdated(channel="x", conversation="c"))
    await asyncio.sleep(0)
    assert board.posts == 1
    running.cancel()
    await asyncio.wait([running])
    bus.publish(mention(2))
    assert board.posts == 1


async def test_it_is_open_since_it_was_detected_not_since_the_posts_of_the_feed() -> None:
    played = incident(first_at=NOW - timedelta(minutes=49), opened_at=NOW)
    assert played.since(drill=True) == NOW
    assert played.since(drill=False) == NOW - timedelta(minutes=49)
    assert replace(played, drill=True).since(drill=False) == NOW
    assert incident().since(drill=True) == NOW
