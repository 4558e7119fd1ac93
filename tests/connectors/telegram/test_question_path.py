"""A question reaches its answer with few writes and encodings."""

from pathlib import Path

import pytest

from benchmarks.question_path import measure, medians


@pytest.mark.slow
async def test_one_question_is_answered_with_few_writes_and_encodings(tmp_path: Path) -> None:
    [path] = await measure(1, tmp_path)
    found = medians([path])
    assert found["writes"] <= 6, path.writes  # one may be a look into the inbox each second
    assert found["encodes"] <= 5, path.encodes
    assert path.encodes.count("Reply") == 1, "what happens to a reply does not encode it again"
    assert found["calls"] > found["functions"] > found["files"] > 0
    assert "storage/encoding.py" in path.files
