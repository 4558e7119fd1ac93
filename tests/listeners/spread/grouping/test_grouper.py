import random
from datetime import UTC, datetime, timedelta

import pytest

from listeners.spread.grouping.grouper import Grouper
from listeners.spread.grouping.near_duplicates import CopyIndex, sketch
from listeners.spread.grouping.vocabulary import (
    MAX_RUNS,
    MAX_WORDS,
    SalientWords,
    name_patterns,
    salient_words,
)
from listeners.spread.grouping.word_index import (
    MAX_PAST_INCIDENTS,
    MAX_PROFILE_WORDS,
    IncidentWordIndex,
)

START = datetime(2026, 3, 2, tzinfo=UTC)
MOULD = "禾家超市朝阳店的面包发霉了，孩子吃了以后上吐下泻，店长居然说是正常现象"
QUEUE = "今天在收银台排队排了整整一个小时，只开了两个窗口，服务员还一直在聊天"
FIRE = ["Smoke at the #Riverside market now", "Riverside market evacuated, smoke everywhere"]


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def filled(grouper: Grouper, *, seed: int = 1) -> None:
    """Add unrelated posts, so that words have document frequencies."""
    rng = random.Random(seed)
    words = [f"word{number}" for number in range(400)]
    for number in range(60):
        grouper.add(f"bg{number}", " ".join(rng.sample(words, 12)), minute(number / 10))


def test_copies_are_one_group_and_other_posts_are_not() -> None:
    grouper = Grouper()
    first = grouper.add("a", MOULD, minute(0))
    assert grouper.add("b", "转发微博//@甲:" + MOULD, minute(1)) == first
    assert grouper.add("c", MOULD[:24] + "...", minute(2)) == first
    assert grouper.add("d", QUEUE, minute(3)) != first
    assert grouper.incident_of("c") == first
    assert grouper.incident_of("never") is None


def test_adding_a_post_is_idempotent() -> None:
    grouper = Grouper()
    first = grouper.add("a", MOULD, minute(0))
    assert grouper.add("a", QUEUE, minute(5)) == first
    assert len(grouper) == 1


def test_posts_sharing_rare_words_are_one_group() -> None:
    grouper = Grouper()
    filled(grouper)
    first = grouper.add("a", FIRE[0], minute(10))
    assert grouper.add("b", FIRE[1], minute(11)) == first
    assert Grouper(by_words=False).add("b", FIRE[1], minute(11)) != first


def test_brand_names_do_not_tie_posts_together() -> None:
    """Every post contains the name."""
    grouper = Grouper(
        names=name_patterns({"hejia": ["Hejia Supermarket", "禾家超市"], "empty": [""]})
    )
    found = set()
    rng = random.Random(2)
    words = [f"thing{number}" for number in range(4000)]
    for number in range(200):
        text = "Hejia Supermarket " + " ".join(rng.sample(words, 8))
        found.add(grouper.add(str(number), text, minute(number), brand="hejia"))
    assert len(found) > 190


def test_a_post_that_ties_two_groups_merges_them() -> None:
    merged: list[tuple[str, str]] = []
    grouper = Grouper(merged=lambda kept, gone: merged.append((kept, gone)))
    filled(grouper)
    smoke = grouper.add("a", "Riverside halibut smoke alarm", minute(10))
    grouper.add("a2", "halibut smoke alarm Riverside again", minute(10))
    doors = grouper.add("b", "Broadgate trolley doors jammed", minute(11))
    grouper.add("b2", "Broadgate doors jammed trolley again", minute(11))
    assert smoke != doors
    both = grouper.add(
        "c", "Riverside halibut smoke alarm Broadgate trolley doors jammed", minute(12)
    )
    assert grouper.incident_of("a") == grouper.incident_of("b") == both
    assert {smoke, doors} in [set(pair) for pair in merged]


def test_brands_and_categories_are_kept_apart() -> None:
    grouper = Grouper()
    first = grouper.add("a", MOULD, minute(0), brand="hejia")
    assert grouper.add("b", MOULD, minute(1), brand="other") != first
    filled(grouper)
    fire = grouper.add("c", FIRE[0], minute(10), category="environment")
    assert grouper.add("d", FIRE[1], minute(11), category="staff") != fire
    copied = grouper.add("e", FIRE[0] + " !", minute(12), category="staff")
    assert copied == fire


def test_a_split_stays_split() -> None:
    grouper = Grouper()
    filled(grouper)
    first = grouper.add("a", FIRE[0], minute(10))
    assert grouper.add("b", FIRE[1], minute(11)) == first
    apart = grouper.split(["b"], brand=None)
    assert apart != first
    assert grouper.incident_of("a") == first
    assert grouper.add("c", FIRE[1] + " !", minute(12)) == apart
    assert grouper.add("d", FIRE[0] + " !", minute(13)) == first
    assert grouper.current(first) != grouper.current(apart)
    with pytest.raises(KeyError):
        grouper.split(["never"], brand=None)


def test_a_split_holds_against_a_post_that_ties_both() -> None:
    grouper = Grouper()
    filled(grouper)
    smoke = grouper.add("a", "Riverside halibut smoke alarm", minute(10))
    grouper.add("a2", "halibut smoke alarm Riverside again", minute(10))
    grouper.add("b", "Broadgate trolley doors jammed", minute(11), incident=smoke)
    apart = grouper.split(["b"], brand=None)
    for number in range(4):
        copied = grouper.add(
            f"b{number}", "Broadgate trolley doors jammed" + "!" * number, minute(12)
        )
        assert copied == apart
    grouper.add("c", "Riverside halibut smoke alarm Broadgate trolley doors jammed", minute(13))
    assert grouper.incident_of("a") == smoke != grouper.incident_of("b") == apart


def test_a_split_holds_after_its_origin_was_merged() -> None:
    grouper = Grouper()
    filled(grouper)
    smoke = grouper.add("a", "Riverside halibut smoke alarm", minute(10))
    grouper.add("a2", "halibut smoke alarm Riverside again", minute(10))
    grouper.add("a3", "halibut smoke alarm Riverside again!", minute(10))
    apart = grouper.split(["a3"], brand=None)
    doors = grouper.add("b", "Broadgate trolley doors jammed", minute(11))
    grouper.add("b2", "Broadgate doors jammed trolley again", minute(11))
    both = "Riverside halibut smoke alarm Broadgate trolley doors jammed"
    whole = grouper.add("c", both, minute(12))
    assert whole in {smoke, doors}
    grouper.add("d", both + " again", minute(13))
    assert grouper.incident_of("a") == grouper.incident_of("b") == whole
    assert grouper.incident_of("a3") == apart


def test_replaying_with_known_groups_restores_the_state() -> None:
    before = Grouper()
    posts = [("a", MOULD), ("b", QUEUE), ("c", "转//@甲:" + MOULD), ("d", QUEUE[:20])]
    known = {name: before.add(name, text, minute(n)) for n, (name, text) in enumerate(posts)}
    after = Grouper()
    for number, (name, text) in enumerate(posts):
        after.add(name, text, minute(number), incident=known[name])
    assert after.add("e", MOULD + "!", minute(9)) == before.add("e", MOULD + "!", minute(9))
    fresh = Grouper()
    assert {name: fresh.add(name, text, minute(0)) for name, text in posts} == known


def test_quiet_groups_are_evicted() -> None:
    grouper = Grouper(quiet=timedelta(hours=1))
    first = grouper.add("a", MOULD, minute(0), brand="hejia")
    grouper.add("b", QUEUE, minute(1), brand="hejia", incident=first)
    grouper.split(["b"], brand="hejia")
    assert grouper.add("c", QUEUE[:30], minute(500), brand="other") != first
    assert grouper.incident_of("a") is None
    assert len(grouper) == 1
    assert grouper.current(first) == first


def test_active_groups_are_not_evicted() -> None:
    grouper = Grouper(quiet=timedelta(hours=1))
    first = grouper.add("0", MOULD, minute(0))
    assert all(grouper.add(str(n), MOULD + "！" * n, minute(40 * n)) == first for n in range(1, 12))


def test_the_copy_index_is_bounded() -> None:
    index = CopyIndex(most=50)
    rng = random.Random(1)
    texts = ["".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(30)) for _ in range(200)]
    for number, text in enumerate(texts):
        index.add(str(number), f"i{number}", sketch(text), float(number))
    assert len(index) == 50
    assert index.find(sketch(texts[0]), 1.0)[0] is None
    assert index.find(sketch(texts[-1]), 1.0) == ("i199", 1.0)
    index.add("empty", "i", sketch(""), 1.0)
    index.evict(1e9)
    assert len(index) == 0
    for _ in range(40):
        index.add("one", "same", sketch(MOULD), 1.0)
    assert index.find(sketch(MOULD), 1.0)[0] == "same"
    index.evict(1e9)
    assert index.find(sketch(MOULD), 1.0)[0] is None


def test_word_profiles_and_history_are_bounded() -> None:
    index = IncidentWordIndex()
    for number in range(40):
        index.add("big", [f"w{number}-{place}" for place in range(50)] + ["shared", "both"], 1.0)
    told = SalientWords(words={"shared": 1.5, "both": 1.5}, length=1.0)
    index.add("other", ["w39-1", "shared"], 1.0)
    assert index.scores(told)[0][1] == "big"
    assert len(index.scores(told)) == 1
    for number in range(MAX_PROFILE_WORDS * 3):
        index.add("second", [f"v{number}"], 1.0)
    index.merge("big", "second")
    index.merge("big", "second")
    assert "second" not in index
    index.evict(2.0)
    assert len(index) == 0
    for number in range(MAX_PAST_INCIDENTS + 2):
        index.add(str(number), ["shared"], 0.0)
    assert index.scores(told) == []
    index.evict(1.0)
    assert len(index) == 0


def test_salient_words_are_names_topics_places_and_runs() -> None:
    told = salient_words(
        "#FoodSafety at Riverside's the food 123456 #禾家面包# 朝阳店", categorised=False
    )
    assert told.words["foodsafety"] > told.words["riverside"] > told.words["food"]
    assert told.words["safety"] == told.words["food"]
    assert "the" not in told.words
    assert {"禾家面包", "朝阳店", "123456"} <= told.words.keys()


def test_a_longer_text_must_share_more_and_a_chinese_one_more_still() -> None:
    assert salient_words("one two three", categorised=False).length == 1.0
    latin = salient_words(" ".join(f"word{n}" for n in range(30)), categorised=False)
    chinese = salient_words(MOULD, categorised=False)
    assert 1 < latin.length < chinese.length
    assert salient_words(MOULD, categorised=True).length < chinese.length


def test_the_same_runs_are_sampled_from_overlapping_texts() -> None:
    rng = random.Random(1)
    text = "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(120))
    whole = salient_words(text, categorised=False).words
    assert len(whole) == MAX_RUNS
    part = salient_words("前言" + text[:90], categorised=False).words
    assert len(whole.keys() & part.keys()) >= MAX_RUNS * 0.5
    assert (
        len(salient_words(" ".join(f"w{n}x" for n in range(999)), categorised=False).words)
        == MAX_WORDS
    )


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "😡" * 50, "\u202e禾家", "a" * 100_000])
def test_any_text_is_accepted(text: str) -> None:
    grouper = Grouper()
    assert grouper.add("a", text, minute(0)).startswith("i")
    assert grouper.add("\ud800", text + "b", minute(0))
