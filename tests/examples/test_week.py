"""The generated week: exactly reproducible, well-formed, and shaped like a real one."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest

from connectors.replay.events import read_event
from core.model.events import EventKind
from examples.supermarket.grammar import grammar
from examples.supermarket.posts import LIMITS, Person, Post, as_event, length, shorten
from examples.supermarket.rhythm import LOCAL
from examples.supermarket.week import week

START = datetime(2025, 3, 3, tzinfo=LOCAL)
SEEDS = (1, 7, 42)


@cache
def posts(seed: int = 7) -> tuple[Post, ...]:
    return tuple(week(seed, START))


def of(label: str, seed: int = 7) -> list[Post]:
    return [post for post in posts(seed) if post.label == label]


def day_of(post: Post) -> int:
    return (post.at - START).days + 1


def test_a_seed_gives_the_same_week_and_another_seed_another() -> None:
    assert week(7, START) == list(posts(7))
    texts, others = ({post.text for post in posts(seed)} for seed in (7, 1))
    assert len(texts & others) < len(texts) / 3


def test_a_week_is_a_prefix_of_a_longer_feed() -> None:
    longer = [post for post in week(7, START, days=8) if post.at < START + timedelta(days=7)]
    assert longer == list(posts(7))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_is_readable_and_unique(seed: int) -> None:
    keys = set()
    for number, post in enumerate(posts(seed), 1):
        event = read_event(json.dumps(as_event(post)).encode(), number)
        assert (event.channel, event.id, event.revision) == (post.channel, post.id, post.revision)
        assert event.posted_at == post.at.replace(microsecond=post.at.microsecond // 1000 * 1000)
        assert (event.text, event.kind) == (post.text, post.kind)
        assert event.author.followers == post.author.followers
        keys.add((event.channel, event.id, event.revision))
    assert len(keys) == len(posts(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_have_realistic_proportions(seed: int) -> None:
    count = Counter(post.label for post in posts(seed))
    assert 4_000 <= count.total() <= 8_000
    assert 300 <= count["crisis"] <= 600
    assert 1_500 <= count["promotion"] <= 3_000
    assert count["ordinary"] > count["promotion"]
    assert 200 <= count["noise"] <= 700
    assert 30 <= count["spam"] <= 120
    assert [post.at for post in posts(seed)] == sorted(post.at for post in posts(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_most_people_write_chinese(seed: int) -> None:
    said = [post.text for post in posts(seed) if post.text and post.label == "ordinary"]
    chinese = sum(any("\u4e00" <= char <= "\u9fff" for char in text) for text in said)
    english = sum(text.isascii() for text in said)
    assert chinese > 0.8 * len(said)
    assert english > 0.05 * len(said)


def test_no_text_is_longer_than_its_platform_takes() -> None:
    for seed in SEEDS:
        for post in posts(seed):
            assert length(post.channel, post.text) <= LIMITS[post.channel]


def test_a_text_that_is_too_long_is_cut_by_the_platforms_own_counting() -> None:
    assert shorten("x", "a" * 280) == "a" * 280
    assert shorten("x", "霉" * 141) == "霉" * 139 + "…"
    assert length("x", shorten("x", "霉" * 141)) <= 280
    assert shorten("douyin", "霉" * 301) == "霉" * 298 + "…"


def test_edits_and_deletes_follow_the_post_they_change() -> None:
    seen: dict[tuple[str, str], int] = {}
    kinds = Counter(post.kind for post in posts())
    for post in posts():
        key = (post.channel, post.id)
        if post.kind in {"edit", "delete"}:
            assert post.revision > seen[key]
        else:
            assert key not in seen
        seen[key] = post.revision
    assert kinds["edit"] > 20
    assert kinds["delete"] > 20


def test_comments_and_reposts_refer_to_earlier_posts() -> None:
    seen: set[str] = set()
    for post in posts():
        if post.kind in {"comment", "repost"}:
            assert post.reply_to in seen
        seen.add(post.id)


def test_private_messages_address_the_shop_and_have_no_figures() -> None:
    messages = [post for post in posts() if post.kind == "message"]
    assert len(messages) > 300
    assert all(post.solicited and not post.metrics and post.url is None for post in messages)
    assert {post.channel for post in messages} == {"webchat", "weibo", "telegram"}
    assert all(post.solicited for post in posts() if "@禾家超市" in post.text)


def test_followers_are_distributed_unevenly() -> None:
    known = sorted(
        {post.author.id: post.author.followers or 0 for post in posts()}.values(), reverse=True
    )
    assert known[len(known) // 2] < 200
    assert known[0] > 50_000
    assert sum(known[: len(known) // 50]) > sum(known) / 2


def test_volume_follows_hours_and_weekends() -> None:
    hours = Counter(post.at.hour for post in of("ordinary"))
    assert sum(hours[hour] for hour in range(1, 6)) < sum(hours[hour] for hour in range(18, 22)) / 8
    days = Counter(day_of(post) for post in of("ordinary"))
    assert min(days[6], days[7]) > 1.15 * max(days[day] for day in range(1, 6))


def test_ordinary_days_differ() -> None:
    days = [frozenset(p.text for p in of("ordinary") if day_of(p) == day) for day in range(1, 8)]
    for number, day in enumerate(days):
        for other in days[number + 1 :]:
            assert len(day & other) < 0.35 * min(len(day), len(other))


def test_every_ordinary_day_has_a_few_harmless_complaints() -> None:
    complaints = {
        text.split("{")[0][:6]
        for name in ("grumble_en", "sarcasm_zh")
        for text in grammar()[name]
        if len(text.split("{")[0]) >= 6
    }
    annoyed = (*grammar()["annoyed_zh"], *grammar()["want_zh"], *complaints)
    for day in range(1, 8):
        of_day = [p for p in of("ordinary") if day_of(p) == day and p.kind == "post"]
        bad = [post for post in of_day if any(word in post.text for word in annoyed)]
        assert 4 <= len(bad) <= 40, day


@pytest.mark.parametrize("seed", SEEDS)
def test_the_promotion_is_positive_and_on_day_three(seed: int) -> None:
    promotion = [post for post in of("promotion", seed) if post.kind not in {"edit", "delete"}]
    assert {day_of(post) for post in promotion} == {3}
    ordinary = [post for post in of("ordinary", seed) if day_of(post) == 3]
    assert len(promotion) > 3 * len(ordinary)
    sour = ("排队", "没了", "人挤人", "打不开")
    bad = [post for post in promotion if any(word in post.text for word in sour)]
    assert 0.002 < len(bad) / len(promotion) < 0.05
    assert not any("霉" in post.text for post in promotion)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_crisis_spreads_within_ten_hours(seed: int) -> None:
    crisis = of("crisis", seed)
    first, spread = crisis[0], [post for post in crisis if post.kind not in {"edit", "delete"}]
    assert day_of(first) == 5
    assert (first.author.followers or 0) <= 1500
    assert max(post.at for post in spread) - first.at <= timedelta(hours=10)
    assert len({post.author.id for post in spread}) > 0.85 * len(spread)
    within = [sum(p.at - first.at <= timedelta(hours=h) for p in spread) for h in (1, 2, 3)]
    assert 8 < within[0] < within[1] / 2 < within[2]
    kinds = Counter(post.kind for post in spread)
    assert kinds["repost"] > 0.3 * len(spread)
    assert kinds["comment"] > 0
    assert any("//@" in post.text.partition("//@")[2] for post in spread)
    assert max(post.author.followers or 0 for post in spread[:40]) > 10_000
    english = [post for post in spread if post.text.isascii()]
    assert 0.02 * len(spread) < len(english) < 0.2 * len(spread)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rumour_mentions_no_serious_harm(seed: int) -> None:
    crisis = of("crisis", seed)
    update = next(post for post in crisis if post.kind == "edit")
    assert update.id == crisis[0].id
    assert "肚子" in update.text
    for word in ("死亡", "去世", "抢救", "重症", "住院", "昏迷"):
        assert not any(word in post.text for post in crisis), word


def test_the_crisis_has_varied_texts() -> None:
    own = {post.text.partition("//@")[0] for post in of("crisis")}
    assert len(own) > 120


def test_spam_links_to_reserved_domains() -> None:
    links = [post.text for post in of("spam") if "http" in post.text]
    assert links
    assert all(".example/" in text for text in links)


def test_as_event_leaves_out_empty_fields() -> None:
    post = posts()[0]
    assert not {"revision", "media"} & as_event(post).keys()
    changed = replace(post, revision=1, media=("p1",), author=Person(id="1", name="", followers=0))
    assert as_event(changed)["revision"] == 1
    assert as_event(changed)["media"] == ["p1"]
    assert read_event(json.dumps(as_event(changed)).encode(), 1).kind is EventKind(post.kind)


def test_a_short_feed_has_no_crisis() -> None:
    labels: Sequence[str] = [post.label for post in week(7, START, days=2)]
    assert set(labels) == {"ordinary", "noise", "spam"}
