"""Every store's search of mentions: the same texts found, in the same order."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.model.mentions import MentionFilter
from core.model.outcomes import Outcome
from core.repositories import Store
from tests.builders import plan
from tests.contracts.store_support import NOW, heard, judgement, mention, post, take, texts


async def found(store: Store, where: MentionFilter) -> list[str]:
    page = await store.mentions.find(where)
    return texts([each.mention for each in page.mentions])


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("面包", "今天的面包不错"),
        ("发霉", "面包发霉了"),
        ("霉", "发霉"),
        ("霉", "霉味很重"),
        ("面包发霉", "买的面包发霉了"),
        ("发霉 面包", "面包全都发霉"),
        ("ＲＥＦＵＮＤ", "i want a refund!"),
        ("café", "CAFE latte"),
        ("5折", "全场5折"),
        ("iphone15", "换了iPhone15手机"),
        ("\U00030000\U00030001", "生僻字\U00030000\U00030001测试"),
        ("ß", "STRASSE: ß"),
        ("パン", "このパンは古い"),
        ("AND", "bread AND butter"),
        ('a"b', 'a"b'),
    ],
)
async def test_found(store: Store, query: str, text: str) -> None:
    await heard(store, post("p1", text=text), post("p2", text="无关 other"))
    assert await found(store, MentionFilter(text=query)) == [text]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("面霉", "面包发霉"),
        ("面包发霉", "面包很好，牛奶发霉"),
        ("包发", "面包 发霉"),
        ("refund", "refunds"),
        ("面包 牛奶", "面包"),
        ("、。！", "面包"),
        ("*", "面包"),
        ("words:面", "words"),
    ],
)
async def test_not_found(store: Store, query: str, text: str) -> None:
    await heard(store, post("p1", text=text))
    assert await found(store, MentionFilter(text=query)) == []


async def test_a_blank_query_finds_all(store: Store) -> None:
    await heard(store, post("p1", text="一"), post("p2", text=""))
    assert await found(store, MentionFilter(text=" ")) == ["", "一"]


async def test_what_was_masked_is_not_found(store: Store) -> None:
    await heard(store, post("p1", text="电话13800138000"), masked_text="电话 手机号")
    assert await found(store, MentionFilter(text="13800138000")) == []
    assert await found(store, MentionFilter(text="电话")) == ["电话13800138000"]


async def test_a_text_without_a_mask_is_found_as_it_is(store: Store) -> None:
    await heard(store, post("p1", text="面包"), masked_text="")
    assert await found(store, MentionFilter(text="面包")) == ["面包"]


async def test_filters(store: Store) -> None:
    await heard(store, post("p1", text="甲"), brands=("a", "b-1"))
    await heard(
        store,
        post("p2", text="乙", channel="other"),
        judgement=judgement(sentiment="positive", category="price"),
    )
    for where, wanted in {
        MentionFilter(): ["乙", "甲"],
        MentionFilter(brand="a"): ["甲"],
        MentionFilter(brand="b-1"): ["甲"],
        MentionFilter(brand="b"): [],
        MentionFilter(brand="lehui"): ["乙"],
        MentionFilter(channel="other"): ["乙"],
        MentionFilter(sentiment="negative"): ["甲"],
        MentionFilter(category="price"): ["乙"],
        MentionFilter(category="price", sentiment="negative"): [],
        MentionFilter(text="甲", brand="a"): ["甲"],
        MentionFilter(text="甲", channel="other"): [],
        MentionFilter(text="negative"): [],
    }.items():
        assert await found(store, where) == wanted, where


async def test_times(store: Store) -> None:
    day = timedelta(days=1)
    await heard(
        store,
        post("p1", text="one", posted_at=NOW),
        post("p2", text="two", posted_at=NOW - 3 * day),
        post("p3", text="three", posted_at=NOW + day),
        post("p4", text="four", posted_at=NOW - 90 * day),
    )
    for where, wanted in {
        MentionFilter(since=NOW): ["three", "one"],
        MentionFilter(until=NOW): ["four", "two"],
        MentionFilter(since=NOW - 3 * day, until=NOW + day): ["two", "one"],
        MentionFilter(since=NOW, until=NOW): [],
        MentionFilter(since=NOW + 2 * day): [],
        MentionFilter(since=NOW - 4 * day, text="two"): ["two"],
        MentionFilter(until=NOW - 4 * day, brand="lehui"): ["four"],
    }.items():
        assert await found(store, where) == wanted, where


async def test_pages_are_stable_while_mentions_come_in(store: Store) -> None:
    await heard(store, *(post(f"p{n}", text=f"面包 {n}") for n in range(7)))
    where = MentionFilter(text="面包")
    first = await store.mentions.find(where, limit=3)
    await heard(store, post("new", text="面包 new"))
    second = await store.mentions.find(where, before=first.next, limit=3)
    third = await store.mentions.find(where, before=second.next, limit=3)
    seen = [each.mention.event.id for page in (first, second, third) for each in page.mentions]
    assert seen == ["p6", "p5", "p4", "p3", "p2", "p1", "p0"]
    assert third.next is None


async def test_a_page_that_is_just_full_is_the_last(store: Store) -> None:
    await heard(store, *(post(f"p{n}") for n in range(3)))
    page = await store.mentions.find(MentionFilter(), limit=3)
    assert (len(page.mentions), page.next) == (3, None)


ALPHABET = "面包发霉ab 1，"


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(query=st.text(alphabet=ALPHABET, min_size=1, max_size=4), seed=st.integers(0, 10**6))
async def test_searching_is_looking_for_the_words(store: Store, query: str, seed: int) -> None:
    """Against a plain search: runs of one kind of letter are cut out and looked for one by one."""
    rng = random.Random(seed)
    made = ["".join(rng.choices(ALPHABET, k=rng.randint(0, 12))) for _ in range(20)]
    items = await take(store, *(post(f"{seed}-{query}-{n}", text=t) for n, t in enumerate(made)))
    brand = f"b{seed}-{query}"
    for item in items:
        each = mention(item, brands=(brand,))
        await store.events.record([Outcome(seq=item.seq, mention=each, plan=plan())])
    words = _runs(query)
    hits = [t for t in made if all(_has(t, word) for word in words)] if words else []
    if not query.strip():
        hits = made
    given_back = await found(store, MentionFilter(text=query, brand=brand))
    assert given_back == hits[::-1]


def _runs(text: str) -> list[str]:
    runs: list[str] = []
    kind = ""
    for char in text:
        now = "han" if char in "面包发霉" else "word" if char.isalnum() else ""
        if now and now == kind:
            runs[-1] += char
        elif now:
            runs.append(char)
        kind = now
    return runs


def _has(text: str, word: str) -> bool:
    return any(word in run if word[0] in "面包发霉" else word == run for run in _runs(text))
