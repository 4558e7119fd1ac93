"""Labels of a brand's own in a file, and what is said of a file that cannot be read."""

from pathlib import Path

import pytest

from core.errors import InputError
from listeners.learning.labels import Label, labels_from_file


def test_labels_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text('{"text": "a", "sentiment": "negative"}\n\n{"text": "b", "complaint": true}\n')
    with file.open("a") as more:
        more.write('{"text": "c", "intent": "question", "category": "staff"}')
    assert labels_from_file(file) == [
        Label(text="a", sentiment="negative"),
        Label(text="b", complaint=True),
        Label(text="c", intent="question", category="staff"),
    ]


def test_a_label_file_as_other_systems_write_it(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_bytes('\ufeff{"text": "a\u2028b\x85"}\r\n{"text": "\\ud800"}\r\n'.encode())
    assert [label.text for label in labels_from_file(file)] == ["a\u2028b\x85", "\ud800"]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"text": 1}',
        '{"text": "a", "sentiment": "sad"}',
        '{"text": "a", "complaint": 1}',
        '{"text": "a", "category": "bakery"}',
        '{"text": "a", "category": []}',
        '{"text": "a", "intent": "bakery"}',
        '{"text": "a", "intent": {}}',
        '{"text": "a", "sentiment": {}}',
    ],
)
def test_a_malformed_label_is_reported_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(f'{{"text": "a"}}\n{line}\n')
    with pytest.raises(InputError, match="line 2"):
        labels_from_file(file)
    with pytest.raises(InputError, match="cannot be read"):
        labels_from_file(tmp_path / "none")
