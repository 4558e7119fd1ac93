"""Deliveries of platforms through the whole program: no wrong answer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.model.decisions import Action
from tests.connectors.reddit.server import ID, PASSWORD, SECRET, USER, RedditServer, reddit_server
from tests.connectors.served import served
from tests.connectors.telegram.server import TOKEN, TelegramServer, telegram_server
from tests.connectors.x.protocol import KEYS
from tests.connectors.x.protocol import TOKEN as X_TOKEN
from tests.connectors.x.server import XServer, x_server

pytestmark = pytest.mark.slow

COMPLAINT = "昨晚在禾家超市买的吐司全是绿毛，孩子吃了半片开始拉肚子，正在医院等化验"


@pytest.fixture
async def x() -> AsyncIterator[XServer]:
    async with x_server() as server:
        server.start = datetime.now(UTC)
        yield server


@pytest.fixture
async def reddit() -> AsyncIterator[RedditServer]:
    async with reddit_server() as server:
        yield server


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with telegram_server() as server:
        yield server


def x_channel(server: XServer) -> str:
    keys = "\n".join(f'{name} = "{value}"' for name, value in KEYS.items())
    rules = """rules = ['(禾家 OR "hejia")', 'url:"hejia.example"']"""
    return (
        f'name = "x"\ntype = "x"\nbase_url = "{server.url}"\nbearer_token = "{X_TOKEN}"\n'
        f'mode = "search"\npoll_seconds = 0.2\n{rules}\n{keys}'
    )


def reddit_channel(server: RedditServer) -> str:
    return (
        f'name = "reddit"\ntype = "reddit"\nclient_id = "{ID}"\nclient_secret = "{SECRET}"\n'
        f'username = "{USER}"\npassword = "{PASSWORD}"\nbase_url = "{server.url}"\n'
        'subreddits = ["shop"]\npoll_seconds = 0.2'
    )


def telegram_channel(server: TelegramServer, more: str = "") -> str:
    return (
        f'name = "tg"\ntype = "telegram"\ntoken = "{TOKEN}"\nbase_url = "{server.url}"\n'
        f"poll_seconds = 1\n{more}"
    )


def behind(server: XServer, text: str, **more: object) -> str:
    """A post that no rule finds, to be referred to."""
    number = server.say(text, mention=False, author="8", live=False, **more)
    server.searched.discard(int(number))
    return number


async def test_a_repost_that_x_cuts_is_one_mention_judged_with_what_it_passes_on(
    x: XServer, tmp_path: Path
) -> None:
    whole = "带孩子去附近的店买早餐，" * 12 + COMPLAINT
    original = behind(x, whole)
    x.say(
        f"RT @user8: {whole[:120]}…",
        mention=False,
        author="9",
        referenced_tweets=[{"type": "retweeted", "id": original}],
    )
    async with served(tmp_path, x_channel(x)) as app:
        await app.settled(1)
        (record,) = await app.mentions()
        assert set(record.mention.judgement.risk) & {"child", "food_poisoning"}
        assert "禾家超市" in record.mention.masked_text
        assert await app.sent() == 0
    assert x.replies == []


@pytest.mark.parametrize(
    "link",
    [
        {"expanded_url": "https://hejia.example/promo", "title": "禾家超市周年庆"},
        {"expanded_url": "https://hejia.example/promo"},
        {"expanded_url": "https://bit.example/a", "unwound_url": "https://hejia.example/"},
        {"expanded_url": "https://news.example/1", "title": "Hejia closes three stores"},
    ],
)
async def test_a_post_is_found_by_the_page_it_links_to(
    x: XServer, tmp_path: Path, link: dict[str, object]
) -> None:
    text = "这个活动是骗人的，付了钱不发货 https://t.co/xyz"
    urls = {"urls": [{"url": "https://t.co/xyz", **link}]}
    x.say(text, mention=False, author="12", entities=urls)
    async with served(tmp_path, x_channel(x)) as app:
        await app.settled(1)
        (record,) = await app.mentions()
        assert record.mention.brands == ("hejia",)
        assert await app.sent() == 0


async def test_a_name_and_a_picture_are_recorded_and_no_advertising(
    x: XServer, tmp_path: Path
) -> None:
    for number in range(3):
        link = {
            "url": f"https://t.co/p{number}",
            "media_key": f"3_{number}",
            "expanded_url": f"https://x.com/u/status/1/photo/{number}",
        }
        mentions = [{"id": "42", "username": "xmart"}]
        entities = {"urls": [link], "mentions": mentions}
        x.say(f"@xmart https://t.co/p{number}", author=f"2{number}", entities=entities)
    async with served(tmp_path, x_channel(x)) as app:
        await app.settled(3)
        records = await app.mentions()
        assert [record.mention.flags for record in records] == [("empty",)] * 3
        assert {record.decision.action for record in records} == {Action.IGNORE}
        assert {record.mention.event.wordless for record in records} == {"photo"}
        assert await app.sent() == 0
        assert not await app.tickets()
    assert x.replies == []


async def test_nobody_talks_with_the_programs_of_reddit(
    reddit: RedditServer, tmp_path: Path
) -> None:
    taken = "Your comment was taken down, accounts younger than a month may not post links here."
    for author, more in (
        ("AutoModerator", {"distinguished": "moderator"}),
        ("AutoModerator", {}),
        ("RemindMeBot", {}),
        ("sneakpeekbot", {"body": f"{taken} ^(I am a bot)"}),
        ("some_mod", {"distinguished": "moderator"}),
        ("reddit", {}),
        ("an_admin", {"distinguished": "admin"}),
    ):
        name = reddit.comment(taken, author=author)
        reddit.items[name] |= {"was_comment": True, **more}
        reddit.inbox.append(name)
    reddit.mentions.append(reddit.comment("u/shop_bot I will remind you", author="RemindMeBot"))
    message = reddit.message("You have been banned from r/shop", author=None)
    reddit.items[message]["subreddit"] = "shop"
    person = reddit.comment("u/shop_bot when do you open?", author="a_person")
    async with served(tmp_path, reddit_channel(reddit)) as app:
        await app.settled(10)
        assert [record.mention.event.id for record in await app.mentions()] == [person]
        assert (await app.dropped())["automated"] == 9
        assert {ticket.customer for ticket in await app.tickets()} <= {"a_person"}
    assert all(post["parent_id"] == person for post in reddit.posted)


async def test_a_crosspost_is_one_mention_that_holds_what_it_passes_on(
    reddit: RedditServer, tmp_path: Path
) -> None:
    parent = {
        "name": "t3_abc",
        "title": "Hejia sold my kid mouldy bread",
        "selftext": "The Hejia store on Main Street sold it. My kid got sick after one slice.",
        "author": "a_parent",
    }
    reddit.post(
        "So this happened today",
        author="passer_by",
        crosspost_parent_list=[parent],
        is_self=False,
        url="https://www.reddit.com/r/parents/comments/abc/x/",
    )
    async with served(tmp_path, reddit_channel(reddit)) as app:
        await app.settled(1)
        (record,) = await app.mentions()
        assert "mouldy" in record.mention.masked_text
        assert record.mention.judgement.risk
        assert await app.sent() == 0
    assert reddit.posted == []


async def test_authors_whose_accounts_are_gone_stay_different_people(
    reddit: RedditServer, tmp_path: Path
) -> None:
    reddit.comment("Hejia sold me rotten milk too", author="[deleted]", author_fullname=None)
    reddit.comment("Hejia never refunded me", author=None)
    reddit.comment("Hejia is closed again", author="[deleted]")
    async with served(tmp_path, reddit_channel(reddit)) as app:
        await app.settled(3)
        records = await app.mentions()
        assert len({record.mention.event.conversation for record in records}) == 3
        assert len({record.mention.event.author.id for record in records}) == 3


async def test_an_album_gets_at_most_one_answer_and_its_question_one(
    telegram: TelegramServer, tmp_path: Path
) -> None:
    silent, asking = [11, 12], [13, 14, 15]
    for chat in silent:
        telegram.pending += [telegram.picture(f"g{chat}", chat=chat) for _ in range(4)]
    for place, chat in enumerate(asking):
        for number in range(4):
            caption = "这种礼盒还有货吗？" if number == place else ""
            telegram.pending.append(telegram.picture(f"g{chat}", chat=chat, caption=caption))
    async with served(tmp_path, telegram_channel(telegram)) as app:
        await app.settled(5)
        assert len(await app.mentions()) == 5
    chats = [call.fields["chat_id"] for call in telegram.done("sendMessage")]
    assert [chats.count(str(chat)) for chat in silent] == [0, 0]
    assert [chats.count(str(chat)) for chat in asking] == [1, 1, 1]


async def test_a_caption_that_comes_late_is_answered_once(
    telegram: TelegramServer, tmp_path: Path
) -> None:
    telegram.page = 1
    for number in range(3):
        caption = "这种礼盒还有货吗？" if number == 2 else ""
        telegram.pending.append(telegram.picture("g1", chat=13, caption=caption))
    async with served(tmp_path, telegram_channel(telegram)) as app:
        await app.settled(3)
    assert [call.fields["chat_id"] for call in telegram.done("sendMessage")] == ["13"]


async def test_stickers_and_the_like_get_no_small_talk(
    telegram: TelegramServer, tmp_path: Path
) -> None:
    small = {"file_id": "F", "file_unique_id": "u"}
    sticker = small | {
        "type": "regular",
        "width": 9,
        "height": 9,
        "is_animated": False,
        "is_video": False,
        "emoji": "😡",
    }
    contents: tuple[dict[str, object], ...] = (
        {"sticker": sticker},
        {"voice": small | {"duration": 3}},
        {"contact": {"phone_number": "13800138000", "first_name": "x"}},
        {"location": {"latitude": 31.2, "longitude": 121.5}},
        {"document": small | {"file_name": "加微信 代开发票.pdf"}},
        {"dice": {"emoji": "🎲", "value": 3}},
        {"photo": [small | {"width": 9, "height": 9}]},
    )
    for chat, content in enumerate(contents, start=21):
        telegram.push(message=telegram.message(chat=chat, **content))
    async with served(tmp_path, telegram_channel(telegram)) as app:
        await app.settled(7)
        records = await app.mentions()
        assert len(records) == 7
        assert {record.decision.rule for record in records} == {"no-words"}
        assert not [record for record in records if "spam" in record.mention.flags]
        assert not await app.tickets()
    assert telegram.texts == []


OWN = [
    "各位，禾家面包发霉的事我们已在处理，请大家放心",
    "【召回公告】禾家超市召回3月1日生产的吐司面包，如有发霉请到店退款",
]


async def test_the_brands_own_voice_is_neither_answered_nor_ticketed(
    telegram: TelegramServer, tmp_path: Path
) -> None:
    group_id, news_id = -1001234567890, -1001234560000
    group = {"id": group_id, "type": "supergroup", "title": "禾家邻居群"}
    news = {"id": news_id, "type": "channel", "title": "禾家官方"}
    other = {"id": -1009, "type": "channel", "title": "禾家客服"}
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    for text in OWN:
        telegram.push(
            message=telegram.message(chat=group_id, text=text, sender_chat=group)
            | {"chat": group, "from": anonymous}
        )
        post = telegram.message(chat=news_id, text=text, sender_chat=news) | {"chat": news}
        post.pop("from")
        telegram.push(channel_post=post)
        telegram.push(
            message=telegram.message(chat=group_id, text=text, sender_chat=other) | {"chat": group}
        )
        bot = {"id": 99, "is_bot": True, "first_name": "News"}
        telegram.push(
            message=telegram.message(chat=group_id, text=text) | {"chat": group, "from": bot}
        )
    telegram.push(
        message=telegram.message(chat=group_id, text="禾家的面包发霉了，要退款") | {"chat": group}
    )
    brand = 'accounts = ["tg:-1009"]'
    async with served(tmp_path, telegram_channel(telegram), brand=brand) as app:
        await app.settled(9)
        assert len(await app.mentions()) == 1, "the shopper's"
        dropped = await app.dropped()
        assert (dropped["own_voice"], dropped["automated"]) == (6, 2)
        assert len(await app.tickets()) == 1
    assert telegram.texts == []


async def test_a_foreign_groups_administrator_is_a_person(
    telegram: TelegramServer, tmp_path: Path
) -> None:
    group = {"id": -100555, "type": "supergroup", "title": "小区群"}
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    telegram.push(
        message=telegram.message(chat=-100555, text="禾家的面包发霉了，要退款", sender_chat=group)
        | {"chat": group, "from": anonymous}
    )
    channel = telegram_channel(telegram, "foreign_chats = [-100555]")
    async with served(tmp_path, channel) as app:
        await app.settled(1)
        assert len(await app.tickets()) == 1


async def test_a_forwarded_complaint_is_judged_as_passed_on(
    telegram: TelegramServer, tmp_path: Path
) -> None:
    origin = {"type": "hidden_user", "date": 1772352000, "sender_user_name": "老张"}
    telegram.push(message=telegram.message(chat=31, text=COMPLAINT, forward_origin=origin))
    async with served(tmp_path, telegram_channel(telegram)) as app:
        await app.settled(1)
        (record,) = await app.mentions()
        assert record.mention.event.text == ""
        assert COMPLAINT in record.mention.masked_text
        assert record.mention.judgement.risk
        assert len(await app.tickets()) == 1
