"""Reddit's JSON as events."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.reddit.events import (
    RedditListing,
    RedditThing,
    edited_at,
    event_of,
    fate_of,
    is_public,
    metrics_of,
    read_listing,
    reject_of,
)
from core.errors import InputError
from core.model.events import Author, Event, EventKind, Metrics

BASE: dict[str, object] = {"author": "xiao_wang", "created_utc": 1_772_352_000.0}


def listing(*children: object) -> RedditListing:
    return read_listing({"kind": "Listing", "data": {"children": list(children), "after": "t1_x"}})


def thing(name: str = "t1_a", /, **data: object) -> RedditThing:
    given = {"name": name, "body": "text", "title": "title"} | BASE | data
    (found,) = listing({"kind": name[:2], "data": given}).items
    return found


def event(name: str = "t1_a", /, **data: object) -> Event:
    return told(thing(name, **data))


def told(one: RedditThing, *, edit: bool = False) -> Event:
    return event_of(
        one,
        channel="reddit",
        me="Shop_Bot",
        own={"t1_ours"},
        www="https://www.reddit.com",
        edit=edit,
    )


def test_a_comment() -> None:
    found = event(
        body="a\x00b &amp; \u202e",
        parent_id="t1_p",
        link_id="t3_l",
        permalink="/r/shop/comments/l/t/a/",
        score=-4,
    )
    assert found.kind is EventKind.COMMENT
    assert found.text == "a\x00b &amp; \u202e"
    assert found.posted_at == datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    assert (found.conversation, found.reply_to) == ("t3_l/xiao_wang", "t1_p")
    assert found.url == "https://www.reddit.com/r/shop/comments/l/t/a/"
    assert found.author.id == found.author.name == "xiao_wang"
    assert (found.metrics.likes, found.revision, found.solicited) == (-4, 0, False)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"selftext": ""}, "title"),
        ({"selftext": "more"}, "title\n\nmore"),
        ({"selftext": None}, "title"),
        ({"title": "", "selftext": "more"}, "more"),
    ],
)
def test_a_submission(data: dict[str, object], text: str) -> None:
    found = event("t3_a", **data)
    assert (found.kind, found.text) == (EventKind.POST, text)
    assert found.conversation == "t3_a/xiao_wang"


def test_where_a_submission_leads_to_is_kept() -> None:
    assert event("t3_a", is_self=False, url="https://i.redd.it/x.jpg").media == (
        "https://i.redd.it/x.jpg",
    )
    assert event("t3_a", is_self=True, url="https://www.reddit.com/x").media == ()
    assert event("t3_a", is_self=False, url="javascript:x").media == ()


def test_a_private_message() -> None:
    first = event("t4_a", subject="Fish", parent_id=None)
    assert (first.kind, first.text, first.solicited) == (EventKind.MESSAGE, "Fish\n\ntext", True)
    assert first.conversation == "u/xiao_wang"
    answer = event("t4_b", subject="re: Fish", parent_id="t4_a")
    assert (answer.text, answer.reply_to) == ("text", "t4_a")
    assert event("t4_c", author=None, subreddit="shop").conversation == "r/shop"
    assert event("t4_d", author=None).author == Author(id="[deleted]:t4_d", name="[deleted]")


@pytest.mark.parametrize(
    "data",
    [
        {"was_comment": True},
        {"parent_id": "t1_ours"},
        {"parent_id": "t3_l", "link_author": "shop_bot"},
        {"body": "hey u/shop_bot!"},
        {"body": "(/u/SHOP_BOT)"},
    ],
)
def test_who_speaks_to_the_account(data: dict[str, object]) -> None:
    assert event(**data).solicited


@pytest.mark.parametrize(
    "data",
    [
        {"parent_id": "t1_other"},
        {"parent_id": "t1_other", "link_author": "shop_bot"},
        {"body": "u/shop_bot2"},
        {"body": "https://x/menu/shop_bot"},
        {"parent_id": ["t1_ours"]},
    ],
)
def test_who_does_not(data: dict[str, object]) -> None:
    assert not event(**data).solicited


def test_the_submission_of_a_comment_in_the_inbox_is_found_in_its_path() -> None:
    assert event(context="/r/shop/comments/abc/title/def/?context=3").conversation == (
        "t3_abc/xiao_wang"
    )
    assert event(link_id="odd").conversation == "t1_a/xiao_wang"


def test_an_edit() -> None:
    found = told(thing(edited=1_772_360_000.5), edit=True)
    assert (found.kind, found.revision) == (EventKind.EDIT, 1_772_360_000)
    assert found.posted_at.timestamp() == 1_772_360_000


@pytest.mark.parametrize(
    ("edited", "seconds"),
    [
        (False, 0),
        (True, 1),
        (None, 0),
        ("odd", 0),
        (1e300, 0),
        (-5, 0),
        (1_772_360_000, 1_772_360_000),
    ],
)
def test_when_it_was_edited(edited: object, seconds: int) -> None:
    assert edited_at(thing(edited=edited)) == seconds


@pytest.mark.parametrize(
    ("name", "data", "fate"),
    [
        ("t1_a", {"body": "[deleted]"}, "deleted"),
        ("t1_a", {"body": "[removed]"}, "removed"),
        ("t1_a", {"body": "[ Removed by Reddit ]"}, "removed"),
        ("t1_a", {"body": "they [removed] it"}, "live"),
        ("t1_a", {"author": "[deleted]"}, "live"),
        ("t3_a", {"selftext": "[removed]"}, "removed"),
        ("t3_a", {"title": "[deleted by user]"}, "deleted"),
        ("t3_a", {"removed_by_category": "moderator"}, "removed"),
        ("t3_a", {"removed_by_category": "deleted", "selftext": "[deleted]"}, "deleted"),
        ("t3_a", {"removed_by_category": None, "selftext": "fine"}, "live"),
    ],
)
def test_what_became_of_it(name: str, data: dict[str, object], fate: str) -> None:
    assert fate_of(thing(name, **data)) == fate


def test_figures_that_are_none_are_left_out() -> None:
    found = metrics_of(thing(score="many", num_comments=-1, num_crossposts=2.0, view_count=None))
    assert (found.likes, found.comments, found.reposts, found.views) == (None, None, 2, None)
    assert metrics_of(thing(score=1, score_hidden=True, upvote_ratio=0.5)) == Metrics()


@pytest.mark.parametrize(
    ("value", "ratio"), [(0.87, 0.87), (1, 1.0), (0, 0.0), (True, None), ("1", None), (1.5, None)]
)
def test_the_share_of_upvotes(value: object, ratio: float | None) -> None:
    assert metrics_of(thing(upvote_ratio=value)).upvote_ratio == ratio


@pytest.mark.parametrize(
    "child",
    [
        7,
        {"kind": "t1", "data": 7},
        {"kind": "t1", "data": {}},
        {"kind": "t1", "data": {"name": "t3_a", "body": "x", "created_utc": 1} | BASE},
        {"kind": "t1", "data": {"name": "t1_a/../b", "body": "x"} | BASE},
        {"kind": "t1", "data": {"name": "t1_a", "body": None} | BASE},
        {"kind": "t1", "data": {"name": "t1_a", "body": "x", "created_utc": "soon"}},
        {"kind": "t1", "data": {"name": "t1_a", "body": "x", "created_utc": 1e300}},
        {"kind": "t1", "data": {"name": "t1_a", "body": "x", "author": 7, "created_utc": 1}},
        {"kind": "t3", "data": {"name": "t3_a", "body": "no title"} | BASE},
    ],
)
def test_an_odd_item_costs_itself_alone(child: object) -> None:
    found = listing(child, {"kind": "t1", "data": {"name": "t1_b", "body": "x"} | BASE})
    assert [one.name for one in found.items] == ["t1_b"]
    ((item, reason),) = found.unreadable
    rejects = {reject_of(item, reason, "reddit").id for _ in range(2)}
    assert len(rejects) == 1


def test_what_nobody_said_is_left_out() -> None:
    children: tuple[Any, ...] = ({"kind": "more", "data": {}}, {"kind": [1]}, {})
    assert listing(*children) == RedditListing(items=(), unreadable=(), after="t1_x")


@pytest.mark.parametrize("answer", [None, [], {"data": {"children": 7}}, {"data": {}}])
def test_what_is_no_listing(answer: object) -> None:
    with pytest.raises(InputError):
        read_listing(answer)


def test_items_of_one_second_keep_the_order_of_their_ids() -> None:
    shuffled = map(thing, ["t1_101", "t1_10", "t1_zz"])
    ordered = sorted(shuffled, key=lambda one: one.order)
    assert [one.name for one in ordered] == ["t1_10", "t1_zz", "t1_101"]
    assert thing("t1__a").order[2] == 0


def test_whose_figures_can_be_asked_for() -> None:
    assert is_public("t1_abc")
    assert is_public("t3_abc")
    assert not is_public("t4_abc")
    assert not is_public("t1_abc,t3_x")
