import numpy as np
import pytest

from listeners.judgement.ngrams import (
    LONGEST_NGRAM,
    character_ngrams,
    first_of_each,
    ngrams,
    ngrams_of_all,
)
from listeners.judgement.sentiment.spelling import emoji_as_brackets


def test_each_place_has_its_ngrams_by_length() -> None:
    found = character_ngrams("好吃好吃")
    assert found.shape == (LONGEST_NGRAM, len("好吃好吃") + 2)
    # Place 0 is the space before the text.
    one, two, three = found[0], found[1], found[2]
    assert one[1] == one[3]
    assert one[1] != one[2]
    assert two[1] == two[3]
    assert two[1] != two[2]
    assert three[1] != three[3]


def test_a_text_has_each_ngram_once_in_order() -> None:
    found = ngrams("好吃好吃 very very good")
    assert np.all(found[1:] > found[:-1])
    assert set(character_ngrams("好吃好吃 very very good").ravel().tolist()) < set(found.tolist())


def test_hashes_do_not_depend_on_earlier_texts() -> None:
    first = ngrams("味道不错").copy()
    for other in range(100):
        ngrams(f"别的话 {other}")
    assert np.array_equal(ngrams("味道不错"), first)


def test_cached_arrays_are_read_only() -> None:
    for shared in (character_ngrams("味道不错"), ngrams("味道不错")):
        with pytest.raises(ValueError, match="read-only"):
            shared[...] = 0


@pytest.mark.parametrize(
    ("emoji", "name"), [("😡", "怒"), ("☹", "悲伤"), ("❤", "心"), ("⭐", "中国赞"), ("🥲", "泪")]
)
def test_old_and_new_emoji_are_known_beside_chinese(emoji: str, name: str) -> None:
    assert emoji_as_brackets(f"味道{emoji}一般，￥9") == f"味道[{name}]一般，￥9"


TEXTS = ("好吃好吃 very very good", "", "a", "\ud800", "😀好吃", "don't stop-it", "味道不错 " * 300)


def test_texts_have_the_same_ngrams_together_as_alone() -> None:
    batch = ngrams_of_all(TEXTS)
    ends = [*batch.starts.tolist()[1:], len(batch.distinct)]
    assert (batch.sizes > 0).all()
    for text, place, start, end in zip(TEXTS, batch.places, batch.starts, ends, strict=True):
        assert np.array_equal(batch.distinct[start:end], ngrams(text))
        own = batch.by_place[place : place + len(text) + 2]
        assert np.array_equal(own.T, character_ngrams(text))


def test_a_text_keeps_its_first_ngram_though_it_is_the_last_of_the_one_before() -> None:
    hashes = np.array([3, 5, 5, 5, 7, 7], np.uint32)
    kept = first_of_each(hashes, np.array([0, 3]))
    assert kept.tolist() == [True, True, False, True, True, False]
