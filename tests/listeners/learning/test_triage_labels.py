"""The labels of real texts can be read, are split by id alone, and hold no text."""

from pathlib import Path

import pytest

from benchmarks.triage_labels import FILE, agreement, read_labels, settled, split_of

READINGS = read_labels()


def test_a_third_of_the_texts_is_held_out_by_source_and_id_alone() -> None:
    labels = settled(READINGS)
    held_out = [one for one in labels.values() if one.split == "held_out"]
    assert len(labels) == 8736
    assert 0.30 < len(held_out) / len(labels) < 0.36
    assert all(one.split == split_of(one.id, one.source) for one in READINGS)


def test_a_fifth_of_all_was_read_twice_and_both_agree() -> None:
    count, equal, kappa = agreement(READINGS, lambda one: one.first("complaint"))
    assert count >= len(settled(READINGS)) / 5
    assert 0.8 < kappa < equal < 1


def test_a_settled_reading_counts_before_the_first() -> None:
    labels = settled(READINGS)
    changed = [one for one in READINGS if one.reading == "settled"]
    assert changed
    assert all(labels[one.id] is one for one in changed)


def test_no_text_is_kept_with_the_labels() -> None:
    columns = FILE.read_text("utf-8").splitlines()
    assert all(len(line) < 160 for line in columns)
    assert all(line.isascii() for line in columns)


def test_a_wrong_value_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "labels.tsv"
    head, first, *_ = FILE.read_text("utf-8").splitlines()
    file.write_text(f"{head}\n{first}\n{first.replace('Weibo, ordinary', 'x')}\tmore\n", "utf-8")
    assert len(read_labels(file)) == 2
    wrong = first.split("\t")
    wrong[4] = "sad"
    file.write_text("\n".join([head, first, "\t".join(wrong)]), "utf-8")
    with pytest.raises(ValueError, match=r"line 3: sentiment \['sad'\]"):
        read_labels(file)
