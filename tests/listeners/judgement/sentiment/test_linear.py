from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigError
from core.model.judgement import Probabilities
from listeners.judgement.sentiment.linear import MAX_LENGTH, MODEL_FILE, LinearModel, load
from listeners.judgement.sentiment.model_file import (
    BUCKET_BITS,
    ModelHeader,
    pack_model,
    read_model,
)

HEADER = ModelHeader(
    version="t", buckets=0, unit=0.5, bias=(0.0, 0.25, -0.25), temperature=1.5, checksum=0
)


@pytest.fixture(scope="module")
def model() -> LinearModel:
    return load()


def one(model: LinearModel, text: str) -> Probabilities:
    (found,) = model.probabilities([text])
    return found


@pytest.mark.parametrize(
    "text",
    [
        "这家店的面包又硬又酸，难吃死了",
        "收银员态度恶劣，再也不来了",
        "東西爛得很，退貨還不給退",
        "The cashier was rude and the milk was sour",
        "快递小哥 so rude，体验很差",
        "气死我了[怒]",
    ],
)
def test_criticism_is_negative(model: LinearModel, text: str) -> None:
    found = one(model, text)
    assert found.negative > max(found.neutral, found.positive)


@pytest.mark.parametrize(
    "text",
    [
        "水果很新鲜，包装也用心，会再来",
        "服務很好，推薦給大家",
        "Great store, friendly people, love it",
        "开心，今天的蛋糕太好吃了[爱你]",
    ],
)
def test_praise_is_positive(model: LinearModel, text: str) -> None:
    found = one(model, text)
    assert found.positive > max(found.neutral, found.negative)


def test_answers_come_in_order_and_sum_to_one(model: LinearModel) -> None:
    bad, good = model.probabilities(["太差了，失望", "太好了，满意"])
    assert bad.negative > 0.5 < good.positive
    for found in (bad, good):
        assert found.negative + found.neutral + found.positive == pytest.approx(1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "好",
        "a",
        "?!…",
        "12345",
        "😡😡",
        "🎉",
        "\x00\x01\x02",
        "\ud800\udfff",
        "\u202e\u200b",
        "差" * 100_000,
        "a" * 100_000,
        "差评！" * 40_000,
    ],
)
def test_texts_without_meaning_are_uncertain_and_neutral(model: LinearModel, text: str) -> None:
    found = one(model, text)
    assert found.neutral > max(found.negative, found.positive)
    assert found.neutral < 0.5


def test_a_long_text_is_judged_by_its_head(model: LinearModel) -> None:
    text = ("质量太差了，后悔。" * MAX_LENGTH)[:MAX_LENGTH]
    assert one(model, text).negative > 0.9


def test_hostile_characters_do_not_hide_a_complaint(model: LinearModel) -> None:
    plain = one(model, "质量太差了，后悔")
    assert one(model, "质\u200b量太\x00差了，\ud800后悔").negative > 0.8 < plain.negative


def test_the_name_carries_the_version(model: LinearModel) -> None:
    assert model.name.startswith("linear-")


def test_the_file_is_small_enough_to_ship() -> None:
    assert MODEL_FILE.stat().st_size <= 2_000_000


def test_a_packed_model_is_read_back(tmp_path: Path) -> None:
    buckets = np.array([0, 5, 200_000, (1 << BUCKET_BITS) - 1])
    weights = np.array([[1, 2, 3], [-4, 5, -6], [7, -8, 9], [-127, 0, 127]], np.int8)
    path = tmp_path / "model.bin"
    path.write_bytes(pack_model(buckets, weights, HEADER))
    header, table = read_model(path)
    assert (header.version, header.unit, header.bias) == ("t", 0.5, (0.0, 0.25, -0.25))
    assert header.temperature == 1.5
    assert table[buckets, :3].tolist() == weights.tolist()
    assert np.flatnonzero(table.any(axis=1)).tolist() == buckets.tolist()


def _damaged() -> dict[str, bytes]:
    whole = pack_model(np.array([1]), np.array([[1, 2, 3]], np.int8), HEADER)
    return {
        "empty": b"",
        "another format": b"PK\x03\x04\n{}\n",
        "cut short": whole[:-4],
        "no header": whole.split(b"\n")[0] + b"\n{}\n" + whole.split(b"\n", 2)[2],
        "one bit": whole.replace(b'"checksum": ', b'"checksum": 1'),
    }


@pytest.mark.parametrize("damage", _damaged())
def test_a_damaged_file_is_refused_with_a_remedy(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(_damaged()[damage])
    with pytest.raises(ConfigError, match=r"cannot be read.*Install again"):
        load(path=path)


def test_distant_buckets_are_bridged(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(pack_model(np.array([3_000_000]), np.array([[1, 0, -1]], np.int8), HEADER))
    _, table = read_model(path)
    assert np.flatnonzero(table.any(axis=1)).tolist() == [3_000_000]


def test_addresses_names_and_numbers_do_not_matter(model: LinearModel) -> None:
    first = one(model, "@小王 太失望了，等了3天 http://a.cn/x")
    assert first == one(model, "@小李 太失望了，等了8天 http://b.cn/y?z=1")


def test_emoji_alone_shift_the_probabilities_a_little(model: LinearModel) -> None:
    angry, happy = model.probabilities(["😡😡", "😍👍"])
    assert angry.negative > angry.positive
    assert happy.positive > happy.negative


def test_a_missing_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Install again"):
        load(path=tmp_path / "none.bin")
