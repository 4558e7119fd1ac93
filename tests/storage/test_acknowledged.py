"""A write-ahead log that lost its end is noticed, and how much is missing is told."""

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from core.clock import ManualClock
from core.model.health import Finding
from storage.backup import backup, restore
from storage.sqlite.engine.acknowledged import Acknowledged, CommitMark
from storage.sqlite.store import SqliteStore
from tests.contracts.store_support import NOW, event, put

MESSAGES: Final = 60
_HEADER: Final = 32

Damage = Callable[[Path], object]


def flipped(share: float) -> Damage:
    """One bit of the log is wrong, at this share of its length."""

    def damage(wal: Path) -> None:
        data = bytearray(wal.read_bytes())
        data[min(len(data) - 1, int(len(data) * share))] ^= 0x10
        wal.write_bytes(data)

    return damage


def cut(share: float) -> Damage:
    """The log ends at this share of its length, as after a disk that lied about a flush."""
    return lambda wal: os.truncate(wal, int(wal.stat().st_size * share))


def zeroed(share: float) -> Damage:
    """From here on the log is zeros, as where a file system had not written its blocks."""

    def damage(wal: Path) -> None:
        data = wal.read_bytes()
        kept = int(len(data) * share)
        wal.write_bytes(data[:kept] + bytes(len(data) - kept))

    return damage


DAMAGE: Final[dict[str, Damage]] = {
    **{f"bit at {part}/10": flipped(part / 10) for part in range(10)},
    **{f"cut at {part}/10": cut(part / 10) for part in range(0, 10, 2)},
    **{f"zeros from {part}/10": zeroed(part / 10) for part in range(1, 10, 2)},
    "a header of zeros": lambda wal: wal.write_bytes(bytes(_HEADER) + wal.read_bytes()[_HEADER:]),
    "deleted": Path.unlink,
    "empty": lambda wal: wal.write_bytes(b""),
    "another program's": lambda wal: wal.write_bytes(b"PK\x03\x04" * 5000),
}


async def killed(folder: Path) -> Path:
    """The files of a store as they are when its process is killed: with all in the log."""
    store = await SqliteStore.open(folder / "live.db", clock=ManualClock(NOW))
    for n in range(MESSAGES):
        assert (await put(store, event(f"e{n}"))).accepted == 1
    left = folder / "left"
    left.mkdir()
    for part in ("", "-wal", "-mark"):
        shutil.copy(folder / f"live.db{part}", left / f"store.db{part}")
    await store.close()
    return left / "store.db"


async def examined(path: Path, *, mend: bool = False) -> tuple[int, list[Finding]]:
    """The number of messages in a store, and the findings of its doctor."""
    store = await SqliteStore.open(path, clock=ManualClock(NOW))
    try:
        held = (await store.events.counts()).received
        return held, list(await store.maintenance.examine(mend=mend))
    finally:
        await store.close()


@pytest.mark.parametrize("damage", DAMAGE)
async def test_what_a_damaged_log_lost_is_told_to_the_message(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = await killed(tmp_path)
    DAMAGE[damage](path.with_name("store.db-wal"))
    with caplog.at_level(logging.ERROR):
        held, findings = await examined(path)
    assert held < MESSAGES, "nothing was lost, so that the test shows nothing"
    (found,) = findings
    assert (found.check, found.mended) == ("missing", False)
    said = f"{MESSAGES - held} acknowledged messages are missing"
    assert said in found.what
    assert "backup" in found.remedy
    assert said in caplog.text, "the start tells it, too"


async def test_it_is_told_until_somebody_takes_note_of_it(tmp_path: Path) -> None:
    path = await killed(tmp_path)
    path.with_name("store.db-wal").unlink()
    for _ in range(2):
        _, (found,) = await examined(path)
        assert f"{MESSAGES} acknowledged" in found.what
    store = await SqliteStore.open(path, clock=ManualClock(NOW))
    await put(store, *(event(f"new{n}") for n in range(2 * MESSAGES)))
    await store.close()
    _, (found,) = await examined(path, mend=True)
    assert found.mended
    assert await examined(path) == (2 * MESSAGES, [])


async def test_two_losses_add_up(tmp_path: Path) -> None:
    path = await killed(tmp_path)
    path.with_name("store.db-wal").unlink()
    await examined(path)
    store = await SqliteStore.open(path, clock=ManualClock(NOW))
    await store._db.truncate_log()
    for n in range(7):
        await put(store, event(f"second{n}"))
    again = tmp_path / "again"
    again.mkdir()
    for part in ("", "-mark"):
        shutil.copy(f"{path}{part}", again / f"store.db{part}")
    await store.close()
    _, (found,) = await examined(again / "store.db")
    assert f"{MESSAGES + 7} acknowledged" in found.what


async def test_writes_that_accepted_nothing_are_told_as_writes(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "store.db", clock=ManualClock(NOW))
    await put(store, event("e1"))
    await store._db.truncate_log()
    await store.values.set("seen", "1")
    await store.values.set("seen", "2")
    left = tmp_path / "left"
    left.mkdir()
    for part in ("", "-mark"):
        shutil.copy(tmp_path / f"store.db{part}", left / f"store.db{part}")
    await store.close()
    held, (found,) = await examined(left / "store.db")
    assert held == 1
    assert "2 acknowledged writes are missing" in found.what


@pytest.mark.parametrize("lost_mark", [True, False], ids=["no mark", "a mark"])
async def test_a_kill_alone_loses_nothing_and_is_not_told(tmp_path: Path, lost_mark: bool) -> None:
    path = await killed(tmp_path)
    if lost_mark:
        path.with_name("store.db-mark").unlink()
    assert await examined(path) == (MESSAGES, [])


@pytest.mark.parametrize(
    "mark", [b"", b"\x00" * 128, b"garbage", b"0 []\n", b"ffffffff [1, 2, 3]", b"\xff" * 500, b"1"]
)
async def test_a_mark_that_cannot_be_read_is_no_mark(tmp_path: Path, mark: bytes) -> None:
    path = await killed(tmp_path)
    path.with_name("store.db-mark").write_bytes(mark)
    assert await examined(path) == (MESSAGES, [])


async def test_a_mark_with_one_digit_changed_is_no_mark(tmp_path: Path) -> None:
    """As after a write that reached the disk in part: no loss is told that nobody had."""
    path = await killed(tmp_path)
    mark = path.with_name("store.db-mark")
    written = mark.read_bytes()
    changed = written.replace(f" {MESSAGES}]".encode(), f" {MESSAGES + 30}]".encode(), 1)
    changed = changed.replace(b", ", b", 9", 1)
    assert changed != written
    mark.write_bytes(changed)
    assert await examined(path) == (MESSAGES, [])


def test_a_process_that_is_behind_does_not_set_the_mark_back(tmp_path: Path) -> None:
    """Two processes on one store commit in turn, and note it in any order."""
    ahead, behind = CommitMark(tmp_path / "store.db"), CommitMark(tmp_path / "store.db")
    for commits in (7, 9):
        ahead.note(Acknowledged(store="s", commits=commits, accepted=commits))
    for commits in (8, 9):
        behind.note(Acknowledged(store="s", commits=commits, accepted=commits - 1))
    reached = Acknowledged(store="s", commits=9, accepted=9)
    assert (ahead.read(), behind.read()) == (reached, reached)
    behind.note(Acknowledged(store="another", commits=1, accepted=1))
    assert ahead.read() == Acknowledged(store="another", commits=1, accepted=1)
    ahead.close()
    behind.close()


async def test_a_mark_that_lags_behind_is_no_loss(tmp_path: Path) -> None:
    """As after a power cut: the log is flushed for each commit, the mark once a second."""
    path = await killed(tmp_path)
    mark = CommitMark(path)
    known = mark.read()
    assert known is not None
    path.with_name("store.db-mark").write_bytes(b"")
    mark.note(Acknowledged(store=known.store, commits=known.commits - 5, accepted=MESSAGES - 5))
    mark.close()
    assert await examined(path) == (MESSAGES, [])


async def test_a_new_store_in_the_place_of_a_deleted_one_misses_nothing(tmp_path: Path) -> None:
    path = await killed(tmp_path)
    path.unlink()
    path.with_name("store.db-wal").unlink()
    assert await examined(path) == (0, [])


async def test_another_store_in_its_place_misses_nothing(tmp_path: Path) -> None:
    path = await killed(tmp_path)
    other = await SqliteStore.open(tmp_path / "other.db", clock=ManualClock(NOW))
    await put(other, event("only"))
    await other.close()
    shutil.copy(tmp_path / "other.db", path)
    path.with_name("store.db-wal").unlink()
    assert await examined(path) == (1, [])


@pytest.mark.parametrize("running", [True, False], ids=["under a running store", "at rest"])
async def test_a_restored_backup_misses_nothing(tmp_path: Path, running: bool) -> None:
    path, copy = tmp_path / "store.db", tmp_path / "copy.db"
    store = await SqliteStore.open(path, clock=ManualClock(NOW))
    await put(store, event("e1"))
    await backup(store, copy)
    for n in range(2000):
        await put(store, event(f"later{n}"))
    if not running:
        await store.close()
    await restore(copy, f"sqlite:{path}", clock=ManualClock(NOW))
    if running:
        await put(store, event("after"))
        await store.close()
    assert await examined(path) == (1 + running, [])


async def test_processes_that_share_a_store_keep_one_mark(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    stores = [await SqliteStore.open(path, clock=ManualClock(NOW)) for _ in range(3)]
    for n in range(30):
        await put(stores[n % 3], event(f"e{n}"))
    left = tmp_path / "left"
    left.mkdir()
    for part in ("", "-mark"):
        shutil.copy(f"{path}{part}", left / f"store.db{part}")
    for store in stores:
        await store.close()
    held, (found,) = await examined(left / "store.db")
    assert f"{30 - held} acknowledged" in found.what
    assert await examined(path) == (30, [])


async def test_a_folder_that_takes_no_mark_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "store.db-mark").mkdir()
    store = await SqliteStore.open(tmp_path / "store.db", clock=ManualClock(NOW))
    await put(store, event("e1"))
    await store.close()
    assert await examined(tmp_path / "store.db") == (1, [])
