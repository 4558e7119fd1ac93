"""``try``: what would be done, and nothing done."""

from pathlib import Path

import pytest

from tests.cli.running import no_traceback, tingfeng

pytestmark = pytest.mark.process


def test_without_a_file_the_sample_texts_are_shown() -> None:
    done = tingfeng("try")
    assert done.returncode == 0, done.stderr
    said = no_traceback(done)
    assert "opening-hours" in said
    assert "T-1001" in said


def test_a_feed_and_plain_lines_are_shown_and_nothing_is_stored(config: Path) -> None:
    texts = config.parent / "texts.txt"
    texts.write_bytes(
        "面包发霉了，要退款\n\n".encode()
        + b'{"channel": "x", "id": 1, "author": {"id": 1}, "text": "no brand here",'
        b' "posted_at": "2026-01-01"}\n{"channel": 7}\n\xff\xfe\n'
    )
    done = tingfeng("try", texts, "--config", config)
    said = no_traceback(done)
    assert done.returncode == 0, said
    assert "ticket" in said
    assert "no_brand" in said
    assert not (config.parent / "data").exists()


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    done = tingfeng("try", tmp_path / "none.txt")
    assert done.returncode == 1
    assert "none.txt" in no_traceback(done)
