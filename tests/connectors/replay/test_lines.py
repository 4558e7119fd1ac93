"""Lines that are broken, huge or cut off: kept aside, and the rest goes on."""

import gzip
import hashlib
import tracemalloc
from pathlib import Path

import pytest

from core.errors import Refused
from tests.connectors.replay.feed_file import line, numbers, put, replay
from tests.connectors.support import MemoryIntake, drain


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feed.jsonl"


async def test_bad_lines_are_kept_and_the_rest_goes_on(path: Path) -> None:
    broken = b'{"id": \xff\x00}'
    put(path, line(0) + broken + b"\r\n\n  \n" + line(1, text=...) + line(2).strip())
    intake = MemoryIntake()
    await drain(replay(path), intake)
    assert intake.ids == ["0", "2"]
    first, second = intake.rejects.values()
    assert (first.channel, first.raw) == ("week", broken)
    assert first.id == f"{hashlib.sha256(broken).hexdigest()[:32]}:2"
    assert first.reason == "line 2: byte 8 is not UTF-8. Save the file in UTF-8."
    assert second.reason == 'line 5: "text" is missing. Add it.'


async def test_equal_bad_lines_are_two_rejects_and_the_same_ones_each_time(path: Path) -> None:
    put(path, b"?\n?\n")
    first, second = MemoryIntake(), MemoryIntake()
    await drain(replay(path), first)
    await drain(replay(path), second)
    assert len(first.rejects) == 2
    assert first.rejects == second.rejects


async def test_a_huge_line_is_rejected_in_bounded_memory(path: Path) -> None:
    huge = b'{"text": "' + b"x" * 50_000_000 + b'"}'
    put(path, gzip.compress(line(0) + huge + b"\n" + line(1)))
    intake = MemoryIntake()
    tracemalloc.start()
    await drain(replay(path), intake)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    assert intake.ids == ["0", "1"]
    (reject,) = intake.rejects.values()
    digest = hashlib.sha256(huge + b"\n").hexdigest()
    assert reject.raw == huge[: 64 * 1024]
    assert reject.id == f"{digest[:32]}:2"
    assert "line 2: 50000013 bytes are more than 1048576" in reject.reason


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("extra", [-1, 0, 1, 2, 3])
async def test_lines_about_the_limit(path: Path, extra: int, end: bytes) -> None:
    filling = b"x" * (1024 * 1024 + extra - len(line(0, text="")) + 1)
    body = line(0, text="").strip().replace(b'"text": ""', b'"text": "' + filling + b'"')
    assert len(body) == 1024 * 1024 + extra
    put(path, body + end + (line(1) if end else b""))
    intake = MemoryIntake()
    await drain(replay(path), intake)
    assert ("0" in intake.ids) == (extra <= 0)
    assert ("1" in intake.ids) == bool(end)
    assert len(intake.rejects) == (extra > 0)


async def test_lines_are_counted_right_behind_one_that_is_cut_at_its_end(path: Path) -> None:
    put(path, b"x" * 1024 * 1024 + b"\r\r\n" + b"?\n")
    intake = MemoryIntake()
    await drain(replay(path), intake)
    assert [reject.id.split(":")[1] for reject in intake.rejects.values()] == ["1", "2"]


async def test_a_resumed_file_counts_a_huge_line_as_one(path: Path) -> None:
    put(path, line(0) + b"x" * 3_000_000 + b"\n" + line(1) + line(2))
    intake = MemoryIntake()
    await drain(replay(path, page=1), intake, pages=3)
    await drain(replay(path, page=1), intake)
    assert intake.ids == numbers(3)
    assert len(intake.pages) == 4


def damaged(kind: str) -> bytes:
    body = b"".join(line(number) for number in range(1000))
    packed = gzip.compress(body)
    return {
        "cut": packed[: len(packed) // 2],
        "without its trailer": packed[:-8],
        "with a wrong sum": packed[:-8] + bytes(8),
        "overwritten": packed[:2000] + bytes(500) + packed[2500:],
        "with a header only": packed[:10],
    }[kind]


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("cut", 100),
        ("without its trailer", 1000),
        ("with a wrong sum", 900),
        ("overwritten", 0),
        ("with a header only", 0),
    ],
)
async def test_a_damaged_archive_is_read_as_far_as_it_goes_and_then_named(
    path: Path, kind: str, least: int
) -> None:
    put(path, damaged(kind))
    intake = MemoryIntake()
    with pytest.raises(Refused) as caught:
        await drain(replay(path, page=100), intake)
    assert len(intake.ids) >= least
    assert intake.ids == numbers(len(intake.ids))
    assert "feed.jsonl breaks off or is damaged after line" in str(caught.value)
    assert "Copy the file again" in caught.value.remedy
    with pytest.raises(Refused):
        await drain(replay(path, page=100), intake)
    assert intake.ids == numbers(len(intake.ids))
