"""Authors on Reddit, submissions that pass something on, and notices to the account."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.reddit.events import RedditThing, event_of, read_listing
from connectors.reddit.voices import notice_of
from connectors.voices import KnownVoices
from core.connector import Rejected, RetryAt
from core.model.event_text import judged_text, matched_text, says_nothing
from core.model.events import Author, AuthorKind, Event
from tests.connectors.reddit.bench import Bench, reddit_bench, under
from tests.connectors.reddit.server import Trouble, errors
from tests.connectors.support import START, running

VOICES = KnownVoices.named(own=["Hejia_CS"], bots=["sneakpeek"])


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with reddit_bench(tmp_path) as made:
        yield made


def thing(name: str = "t1_a", /, **data: object) -> RedditThing:
    given: dict[str, object] = {
        "name": name,
        "author": "xiao_wang",
        "created_utc": 1_772_352_000.0,
        "body": "text",
        "title": "title",
        "link_id": "t3_post1",
    } | data
    answer = {"kind": "Listing", "data": {"children": [{"kind": name[:2], "data": given}]}}
    (found,) = read_listing(answer).items
    return found


def event(name: str = "t1_a", /, **data: object) -> Event:
    return event_of(
        thing(name, **data),
        channel="reddit",
        me="shop_bot",
        own=(),
        www="https://www.reddit.com",
        voices=VOICES,
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({}, "person"),
        ({"distinguished": None}, "person"),
        ({"distinguished": "moderator"}, "moderator"),
        ({"distinguished": "moderator", "author": "AutoModerator"}, "moderator"),
        ({"author": "AutoModerator"}, "bot"),
        ({"distinguished": "admin"}, "platform"),
        ({"author": "reddit"}, "platform"),
        ({"author": "Reddit"}, "platform"),
        ({"author": "RemindMeBot"}, "bot"),
        ({"author": "gif_bot"}, "bot"),
        ({"author": "autotldr", "body": "Short. ^(I am a bot)"}, "bot"),
        ({"author": "autotldr", "body": "Short."}, "person"),
        ({"author": "sneakpeek"}, "bot"),
        ({"author": "hejia_cs"}, "own"),
        ({"author": "Talbot"}, "person"),
        ({"author": "xiao_wang", "body": "Your bot answers nonsense"}, "person"),
        ({"author": None}, "person"),
        ({"author": "[deleted]"}, "person"),
        ({"distinguished": 7}, "person"),
        ({"distinguished": "gold"}, "person"),
    ],
)
def test_who_speaks(data: dict[str, object], kind: str) -> None:
    assert event(**data).author.kind == kind


def test_a_subreddits_message_is_its_moderators() -> None:
    found = event("t4_a", author=None, subreddit="shop", body="You have been banned")
    assert (found.author.id, found.author.kind) == ("r/shop", "moderator")


@pytest.mark.parametrize("author", ["[deleted]", None, ""])
@pytest.mark.parametrize("name", ["t1_dd01", "t1_dd02", "t3_dd03"])
def test_deleted_accounts_stay_different_people(author: str | None, name: str) -> None:
    found = event(name, author=author, author_fullname=None)
    assert found.author == Author(id=f"[deleted]:{name}", name="[deleted]")
    assert found.conversation.endswith(f"/[deleted]:{name}")


def test_two_items_of_one_deleted_account_cannot_be_told_from_those_of_two() -> None:
    ids = {event(f"t1_{n}", author="[deleted]").conversation for n in range(20)}
    assert len(ids) == 20


PARENT: dict[str, object] = {
    "name": "t3_abc",
    "title": "Hejia sold my kid mouldy bread",
    "selftext": "One slice and he was ill.",
    "author": "a_parent",
}


@pytest.mark.parametrize(
    ("parents", "texts"),
    [
        ([PARENT], ["Hejia sold my kid mouldy bread\n\nOne slice and he was ill."]),
        ([PARENT | {"selftext": ""}], ["Hejia sold my kid mouldy bread"]),
        ([PARENT | {"selftext": None}], ["Hejia sold my kid mouldy bread"]),
        ([PARENT | {"title": ""}], ["One slice and he was ill."]),
        (
            [PARENT, PARENT | {"name": "t3_x", "selftext": ""}],
            [
                "Hejia sold my kid mouldy bread\n\nOne slice and he was ill.",
                "Hejia sold my kid mouldy bread",
            ],
        ),
        ([PARENT] * 9, ["Hejia sold my kid mouldy bread\n\nOne slice and he was ill."] * 3),
        ([], []),
        (None, []),
        ("odd", []),
        ([7, None, "x"], []),
        ([{}], [""]),
    ],
)
def test_a_crosspost_holds_what_it_passes_on(parents: object, texts: list[str]) -> None:
    found = event("t3_a", title="So this happened", selftext="", crosspost_parent_list=parents)
    assert found.text == "So this happened"
    assert [one.text for one in found.quoted if one.kind == "repost"] == texts
    if "mouldy" in "".join(texts):
        assert "mouldy" in judged_text(found)
        assert judged_text(found).startswith("So this happened //@a_parent: ")


@pytest.mark.parametrize("author", ["shop_bot", "Shop_Bot", "Hejia_CS"])
def test_the_brands_own_post_passed_on_concerns_it(author: str) -> None:
    found = event("t3_a", crosspost_parent_list=[PARENT | {"author": author}])
    assert found.concerns_channel
    assert judged_text(found) == "title"


@pytest.mark.parametrize(
    ("data", "page"),
    [
        ({"url": "https://hejia.example/promo"}, "https://hejia.example/promo"),
        (
            {"url": "x", "url_overridden_by_dest": "https://hejia.example/"},
            "https://hejia.example/",
        ),
        ({"url": "https://www.reddit.com/r/shop/comments/a/"}, None),
        ({"url": "https://i.redd.it/x.jpg"}, None),
        ({"url": "https://v.redd.it/x"}, None),
        ({"url": "/r/shop"}, None),
        ({"url": "https://[odd"}, None),
        ({"url": None}, None),
        ({}, None),
    ],
)
def test_linked_pages_are_found_by_their_address(data: dict[str, object], page: str | None) -> None:
    found = event("t3_a", **data)
    assert [one.id for one in found.quoted] == ([] if page is None else [page])
    assert page is None or page in matched_text(found)


def test_the_title_of_a_linked_page_is_a_text_that_is_passed_on() -> None:
    media = {"oembed": {"title": "禾家超市面包发霉"}}
    found = event("t3_a", url="https://video.example/1", media=media)
    assert judged_text(found) == "title //@video.example: 禾家超市面包发霉"


@pytest.mark.parametrize(
    ("body", "wordless"),
    [
        ("![gif](giphy|abc)", "animation"),
        ("![img](abc123)", "photo"),
        ("u/shop_bot ![img](abc123)", "photo"),
        ("![img](a) ![img](b)", "photo"),
        ("![img](a) mouldy", ""),
        ("mouldy", ""),
        ("u/shop_bot", ""),
        ("", ""),
    ],
)
def test_a_comment_of_pictures_alone_has_no_words(body: str, wordless: str) -> None:
    found = event(body=body)
    assert found.wordless == wordless
    assert says_nothing(found) is (bool(wordless) or not body)


@pytest.mark.parametrize(
    ("kind", "author", "text", "expected"),
    [
        ("moderator", "r/shop", "You have been permanently banned", "sanction"),
        ("moderator", "AutoModerator", "Your comment was taken down", "sanction"),
        ("moderator", "AutoModerator", "Welcome! Please read the wiki.", None),
        ("moderator", "a_mod", "Are you the official account?", "notice"),
        ("platform", "reddit", "Your account has been suspended", "sanction"),
        ("platform", "reddit", "Our policy changes next month", "notice"),
        ("moderator", "a_mod", "你的评论已被移除", "sanction"),
        ("bot", "RemindMeBot", "Your comment was removed", None),
        ("person", "xiao_wang", "they banned me from the store", None),
        ("own", "Hejia_CS", "removed", None),
    ],
)
def test_notices(kind: AuthorKind, author: str, text: str, expected: str | None) -> None:
    assert notice_of(Author(id=author, kind=kind), text) == expected


NOW = START.timestamp()


async def test_staff_hear_of_notices_to_the_account_once(bench: Bench) -> None:
    def notice(text: str, author: str, at: float) -> str:
        official = {"distinguished": "moderator", "was_comment": True, "created_utc": at}
        name = bench.server.comment(text, author=author)
        bench.server.items[name] |= official
        return name

    removed = notice("Your comment was removed.", "AutoModerator", NOW)
    asked = notice("Who are you?", "a_mod", NOW)
    old = notice("Your comment was removed.", "a_mod", NOW - 200_000)
    bench.server.inbox += [old, removed, asked]
    bench.server.comment("Rule 3: no bots. Removed.", author="a_mod", distinguished="moderator")
    for _ in range(2):
        bench.kit.intake.cursors.clear()
        async with running(bench.connector(inbox=True), bench.kit.intake):
            await bench.kit.intake.until(4)
    alerts = list(bench.kit.alarm.alerts.values())
    assert sorted((alert.kind, alert.severity) for alert in alerts) == [
        ("channel", "P2"),
        ("channel", "P3"),
    ]
    assert all("r/shop" in alert.localized("en").title for alert in alerts)


async def test_staff_hear_that_the_account_is_banned_where_it_answers(bench: Bench) -> None:
    name = bench.server.comment("question")
    banned = errors(("BANNED_FROM_SUBREDDIT", "you are banned from this community", ""))
    bench.server.trouble("api/comment", banned)
    result = await bench.connector().send(under(name), "answer", "k1")
    assert isinstance(result, Rejected)
    (alert,) = bench.kit.alarm.alerts.values()
    assert (alert.kind, alert.severity) == ("channel", "P2")


async def test_a_locked_thread_is_no_ban(bench: Bench) -> None:
    name = bench.server.comment("question")
    bench.server.trouble("api/comment", errors(("THREAD_LOCKED", "that thread is locked", "")))
    await bench.connector().send(under(name), "answer", "k1")
    assert not bench.kit.alarm.alerts


@pytest.mark.parametrize(("seconds", "told"), [("600", False), ("4000", True), ("36000", True)])
async def test_a_pause_of_hours_is_told(bench: Bench, seconds: str, told: bool) -> None:
    name = bench.server.comment("question")
    connector = bench.connector()
    wait = Trouble(status=429, headers={"retry-after": seconds})
    bench.server.trouble("api/comment", wait)
    for _ in range(3):
        assert isinstance(await connector.send(under(name), "answer", "k1"), RetryAt)
    assert len(bench.kit.alarm.alerts) == int(told)
