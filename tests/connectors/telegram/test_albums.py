"""Albums are one event, however their pictures arrive."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.telegram.albums import AlbumBook
from core.connector import PushRequest
from core.model.event_text import says_nothing
from core.model.events import Event, EventKind
from tests.connectors.support import running
from tests.connectors.telegram.bench import SECRET, Bench
from tests.connectors.telegram.messages import told
from tests.connectors.telegram.server import telegram_server


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with telegram_server() as server:
        made = Bench(server, tmp_path)
        yield made
        for connector in made.made:
            await connector.close()


def part(number: int, caption: str | None = None, **more: object) -> Event:
    """The event of one picture."""
    photo = [{"file_id": f"F{number}", "file_unique_id": "u", "width": 9, "height": 9}]
    words: dict[str, object] = {} if caption is None else {"caption": caption}
    return told(message_id=number, photo=photo, **(words | more))


KEY = (7, "g1")


@pytest.mark.parametrize(
    ("captions", "text", "wordless"),
    [
        ((None,), "🖼", "photo"),
        ((None, None), "🖼", "photo"),
        ((None,) * 10, "🖼", "photo"),
        (("这种礼盒还有货吗？", None, None), "这种礼盒还有货吗？", ""),
        ((None, "这种礼盒还有货吗？", None), "这种礼盒还有货吗？", ""),
        ((None, None, None, "发霉了"), "发霉了", ""),
        (("左边", "右边"), "左边\n右边", ""),
        (("同样", "同样"), "同样", ""),
        (("左边", None, "右边"), "左边\n右边", ""),
        (("", "右边"), "右边", ""),
    ],
)
def test_an_album_is_one_event(captions: tuple[str | None, ...], text: str, wordless: str) -> None:
    parts = [part(number, caption) for number, caption in enumerate(captions, 5)]
    (event,) = AlbumBook().join([(one, KEY) for one in parts])
    assert (event.id, event.revision, event.kind) == ("7:5", 0, EventKind.MESSAGE)
    assert (event.text, event.wordless) == (text, wordless)
    assert event.media == tuple(f"F{number}" for number in range(5, 5 + len(captions)))
    assert says_nothing(event) is bool(wordless)


def test_albums_of_several_people_stay_apart_and_in_their_places() -> None:
    given = [
        (part(1), (7, "a")),
        (part(2), (8, "b")),
        (told(message_id=3, text="几点关门"), None),
        (part(4), (7, "a")),
        (part(5), (7, "c")),
        (part(6), (8, "b")),
        (part(7), (8, "a")),
    ]
    found = AlbumBook().join(given)
    assert [event.id for event in found] == ["7:1", "7:2", "7:3", "7:5", "7:7"]
    assert [len(event.media) for event in found] == [2, 2, 0, 1, 1]


def test_what_comes_late_is_a_later_version_of_the_album() -> None:
    book = AlbumBook()
    book.join([(part(1), KEY), (part(2), KEY)])
    (late,) = book.join([(part(3, "这个怎么卖？"), KEY)])
    assert (late.id, late.kind, late.revision) == ("7:1", EventKind.EDIT, 3)
    assert (late.text, late.media) == ("这个怎么卖？", ("F1", "F2", "F3"))
    assert not late.public
    (later,) = book.join([(part(4), KEY)])
    assert later.revision > late.revision
    assert later.text == "这个怎么卖？"


def test_an_album_that_comes_again_is_the_same_event() -> None:
    book = AlbumBook()
    both = [(part(1), KEY), (part(2, "x"), KEY)]
    assert book.join(both) == book.join(both)


def test_the_edit_of_a_caption_changes_the_album() -> None:
    book = AlbumBook()
    book.join([(part(1, "左"), KEY), (part(2), KEY)])
    edit = part(2, "右", kind="edited_message", edit_date=1772352060)
    (event,) = book.join([(edit, KEY)])
    assert (event.id, event.kind, event.text) == ("7:1", EventKind.EDIT, "左\n右")
    assert event.revision == edit.revision
    (unknown,) = AlbumBook().join([(edit, KEY)])
    assert unknown == edit


def test_forgotten_albums_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.telegram.albums._MOST", 2)
    book = AlbumBook()
    for number in range(4):
        book.join([(part(number), (7, str(number)))])
    assert [book.knows((7, str(number))) for number in range(4)] == [False, False, True, True]


async def test_an_album_in_one_answer_is_one_event(bench: Bench) -> None:
    bench.server.pending += [bench.server.picture("g1") for _ in range(4)]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1)
    (event,) = bench.kit.intake.events.values()
    assert event.media == ("large1", "large2", "large3", "large4")


@pytest.mark.parametrize("caption", [0, 1, 2, 3])
async def test_pictures_that_trickle_in_are_waited_for(bench: Bench, caption: int) -> None:
    first, *rest = [
        bench.server.picture("g1", caption="还有货吗？" if number == caption else "")
        for number in range(4)
    ]
    bench.server.pending.append(first)
    bench.server.later += rest
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1)
        bench.server.say("danach")
        await bench.kit.intake.until(2)
    album, _ = bench.kit.intake.events.values()
    assert (album.text, len(album.media), album.revision) == ("还有货吗？", 4, 0)


async def test_pictures_of_two_answers_are_two_versions_of_one_event(bench: Bench) -> None:
    bench.server.page = 2
    bench.server.pending += [bench.server.picture("g1") for _ in range(3)]
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(2)
    first, second = bench.kit.intake.events.values()
    assert first.id == second.id
    assert second.kind is EventKind.EDIT
    assert len(second.media) == 3


async def test_a_single_picture_waits_for_nothing(bench: Bench) -> None:
    bench.server.pending.append(bench.server.picture())
    async with running(bench.connector(), bench.kit.intake):
        await bench.kit.intake.until(1)
    assert len(bench.server.asked("getUpdates")) <= 2


def pushed(update: object) -> PushRequest:
    return PushRequest(
        method="POST",
        path="/push/tg",
        query={},
        headers={"x-telegram-bot-api-secret-token": SECRET},
        body=json.dumps(update).encode(),
    )


async def test_pushed_pictures_that_come_together_are_stored_together(bench: Bench) -> None:
    connector = bench.webhook()
    updates = [bench.server.picture("g1") for _ in range(3)]
    answers = await asyncio.gather(*(connector.handle_http(pushed(one)) for one in updates))
    assert {answer.status for answer in answers} == {200}
    (event,) = bench.kit.intake.events.values()
    assert len(event.media) == 3


async def test_pushed_pictures_that_come_one_by_one_are_versions_of_one_event(bench: Bench) -> None:
    connector = bench.webhook()
    for _ in range(3):
        answer = await connector.handle_http(pushed(bench.server.picture("g1")))
        assert answer.status == 200
    assert {event.id for event in bench.kit.intake.events.values()} == {"7:1"}
    assert [event.revision for event in bench.kit.intake.events.values()] == [0, 2, 3]


async def test_pushed_pictures_are_not_confirmed_before_they_are_stored(bench: Bench) -> None:
    connector = bench.webhook()
    bench.kit.intake.full = True
    updates = [bench.server.picture("g1") for _ in range(3)]
    answers = await asyncio.gather(*(connector.handle_http(pushed(one)) for one in updates))
    assert {answer.status for answer in answers} == {503}
    bench.kit.intake.full = False
    answers = await asyncio.gather(*(connector.handle_http(pushed(one)) for one in updates))
    assert {answer.status for answer in answers} == {200}
    (event,) = bench.kit.intake.events.values()
    assert (len(event.media), event.revision) == (3, 0)
