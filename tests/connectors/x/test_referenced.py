"""Posts that repost, quote, answer or link: own words apart, and everything found and judged."""

from collections.abc import Sequence

import pytest

from connectors.voices import KnownVoices
from connectors.x.account import XAccount, sites_of
from connectors.x.events import read_post
from core.model.event_text import judged_text, matched_text, says_nothing, whole_text
from core.model.events import Event, EventKind, Quoted
from core.settings import BrandSettings
from listeners.matching.matcher import BrandMatcher
from tests.connectors.x.protocol import Json

ME = XAccount(
    id="42",
    username="xmart",
    sites=sites_of(['url:"hejia.example"']),
    voices=KnownVoices.named(own=["77"], bots=[]),
)
LONG = "带孩子去附近买早餐，打开一看全是绿毛，" * 9 + "就是人民路的禾家超市"
MATCHER = BrandMatcher(
    [BrandSettings(id="hejia", name="禾家超市", terms=("禾家", "禾家超市", "Hejia"))],
    channel_brands={},
    default="hejia",
)


def post(text: str = "RT @user8: 带孩子…", **more: object) -> Json:
    base: Json = {
        "id": "1001",
        "author_id": "9",
        "text": text,
        "created_at": "2026-03-04T02:20:00.000Z",
        "conversation_id": "1001",
    }
    return base | more


def original(text: object = LONG, **more: object) -> Json:
    base: Json = {"id": "900", "author_id": "8", "text": text}
    return base | more


def refers(how: str, number: str = "900") -> list[Json]:
    return [{"type": how, "id": number}]


def read(data: Json, *included: object, users: Sequence[Json] = ()) -> Event:
    includes: Json = {"tweets": list(included), "users": list(users)}
    return read_post(data, includes, ME, channel="x").event


def named(event: Event) -> bool:
    return MATCHER.match(event) == ("hejia",)


WHOLE_ORIGINALS = {
    "as it is": original(),
    "a long one": original("带孩子…", note_tweet={"text": LONG}),
    "a long one, new name": original("带孩子…", note_post={"text": LONG}),
    "escaped": original("M&amp;S &lt;3 禾家"),
    "with a picture": original(
        f"{LONG} https://t.co/p",
        entities={"urls": [{"url": "https://t.co/p", "media_key": "3_1"}]},
    ),
    "with two pictures": original(
        f"{LONG} https://t.co/p https://t.co/q",
        entities={
            "urls": [
                {"url": "https://t.co/p", "expanded_url": "https://x.com/u/status/900/photo/1"},
                {"url": "https://t.co/q", "expanded_url": "https://x.com/u/status/900/video/1"},
            ]
        },
    ),
    "english": original("The Hejia on Main Street sold me a mouldy loaf, and nobody answers"),
    "one word": original("禾家"),
    "with an address": original(
        "看看这个 https://t.co/z",
        entities={"urls": [{"url": "https://t.co/z", "expanded_url": "https://hejia.example/a"}]},
    ),
    "many lines": original("第一行\n\n第二行\n禾家"),
}


@pytest.mark.parametrize("how", ["retweeted", "reposted"])
@pytest.mark.parametrize("name", WHOLE_ORIGINALS)
@pytest.mark.parametrize("field", ["referenced_tweets", "referenced_posts"])
def test_a_repost_holds_the_whole_text_of_what_it_passes_on(
    name: str, how: str, field: str
) -> None:
    given = WHOLE_ORIGINALS[name]
    event = read(post() | {field: refers(how)}, given)
    assert event.kind is EventKind.REPOST
    assert event.text == ""
    assert event.quoted[0].kind == "repost"
    assert (event.quoted[0].author, event.quoted[0].id) == ("user8", "900")
    assert "t.co/p" not in event.quoted[0].text
    assert "…" not in judged_text(event)
    assert judged_text(event).startswith("//@user8: ")
    assert not says_nothing(event)
    assert event.wordless == ""
    assert named(event)


@pytest.mark.parametrize(
    "included",
    [
        (),
        (None, "odd", 7),
        ({"id": "900"},),
        ({"id": "901", "author_id": "8", "text": LONG},),
        ({"id": "x", "author_id": "8", "text": LONG},),
    ],
)
def test_a_repost_whose_original_is_missing_keeps_what_there_is(included: Sequence[object]) -> None:
    event = read(post("RT @user8: 禾家的面包…", referenced_tweets=refers("retweeted")), *included)
    assert event.kind is EventKind.REPOST
    assert event.text == "RT @user8: 禾家的面包…"
    assert event.quoted == ()


def test_names_come_from_the_included_authors_where_they_are_there() -> None:
    users: list[Json] = [{"id": "8", "name": "一位家长", "username": "user8"}]
    event = read(post(referenced_tweets=refers("retweeted")), original(), users=users)
    assert event.quoted[0].author == "一位家长"
    plain = read(post("look", referenced_tweets=refers("quoted")), original())
    assert plain.quoted[0].author == ""
    assert whole_text(plain) == f"look //@quoted: {LONG}"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("大家注意", "大家注意"),
        ("大家注意 https://t.co/q", "大家注意"),
        ("https://t.co/q", ""),
        ("@friend https://t.co/q", "@friend"),
        ("see https://t.co/q for more", "see https://t.co/q for more"),
        ("a &amp; b https://t.co/q", "a & b"),
    ],
)
def test_a_quote_is_own_words_and_the_quoted_ones(text: str, own: str) -> None:
    link = {"url": "https://t.co/q", "expanded_url": "https://x.com/user8/status/900"}
    data = post(text, referenced_tweets=refers("quoted"), entities={"urls": [link]})
    event = read(data, original())
    assert event.text == own
    assert event.quoted == (Quoted(author="user8", text=LONG, id="900", kind="quote"),)
    assert judged_text(event) == f"{own} //@user8: {LONG}".strip()
    assert named(event)


@pytest.mark.parametrize(
    ("entities", "judged"),
    [
        ({}, "我家也是"),
        ({"mentions": [{"id": "42", "username": "xmart"}]}, f"我家也是 //@quoted: {LONG}"),
    ],
)
def test_an_answer_is_found_by_what_it_answers_and_judged_with_it_where_it_calls_the_brand(
    entities: Json, judged: str
) -> None:
    data = post("我家也是", referenced_tweets=refers("replied_to"), entities=entities)
    event = read(data, original())
    assert (event.kind, event.reply_to) == (EventKind.COMMENT, "900")
    assert event.quoted[0].kind == "answered"
    assert named(event)
    assert judged_text(event) == judged


@pytest.mark.parametrize("author", ["42", "77"])
@pytest.mark.parametrize("how", ["retweeted", "quoted", "replied_to"])
def test_the_brands_own_words_are_no_grievance_of_who_passes_them_on(how: str, author: str) -> None:
    data = post("谢谢", referenced_tweets=refers(how))
    event = read(data, original("召回公告：发霉的面包请退款", author_id=author))
    assert event.quoted[0].own
    assert event.concerns_channel
    assert named(event), "the brand is not named, but it speaks"
    assert "召回" not in judged_text(event)
    assert "召回" in whole_text(event) or how == "replied_to"


PROMO = "https://hejia.example/promo"


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ({"expanded_url": PROMO}, ""),
        ({"unwound_url": PROMO, "expanded_url": "https://bit.example/x"}, ""),
        ({"expanded_url": PROMO, "title": "周年庆"}, "周年庆"),
        ({"expanded_url": PROMO, "title": "周年庆", "description": "满减"}, "周年庆。满减"),
        ({"expanded_url": PROMO, "title": "A &amp; B"}, "A & B"),
        ({"expanded_url": PROMO, "title": None, "description": " "}, ""),
        ({"expanded_url": "https://www.hejia.example/"}, ""),
        ({"expanded_url": "http://HEJIA.example?x=1"}, ""),
        ({"expanded_url": "https://shop.hejia.example/a#b"}, ""),
        (
            {"expanded_url": "https://news.example/1", "title": "禾家超市面包发霉"},
            "禾家超市面包发霉",
        ),
        ({"expanded_url": "https://news.example/hejia-bread"}, ""),
    ],
)
@pytest.mark.parametrize("place", ["entities", "note_tweet", "note_post"])
def test_addresses_and_titles_of_pages_are_found(link: Json, text: str, place: str) -> None:
    listed: Json = {"urls": [{"url": "https://t.co/xyz", **link}]}
    parts: Json = {
        "entities": {"entities": listed},
        "note_tweet": {"note_tweet": {"text": "这个活动是骗人的", "entities": listed}},
        "note_post": {"note_post": {"text": "这个活动是骗人的", "entities": listed}},
    }
    more = parts[place]
    assert isinstance(more, dict)
    event = read(post("这个活动是骗人的 https://t.co/xyz") | more)
    assert [one.kind for one in event.quoted] == ["link"]
    assert event.quoted[0].text == text
    assert named(event)
    assert judged_text(event).startswith("这个活动是骗人的")


@pytest.mark.parametrize(
    "address",
    [
        "https://other.example/hejiax",
        "https://nothejia.example/promo",
        "https://hejia.examples/promo",
        "https://hejia-example.test/",
        "",
    ],
)
def test_other_addresses_do_not_concern_the_brand(address: str) -> None:
    link = {"url": "https://t.co/xyz", "expanded_url": address}
    event = read(post("骗人", entities={"urls": [link]}))
    assert not event.concerns_channel


def test_a_post_has_a_bounded_number_of_links() -> None:
    links = [
        {"url": f"https://t.co/{n}", "expanded_url": f"https://a.example/{n}"} for n in range(50)
    ]
    assert len(read(post("x", entities={"urls": links})).quoted) == 10


@pytest.mark.parametrize(
    ("rules", "sites"),
    [
        (['url:"hejia.example"'], ["hejia.example"]),
        (['url:"Hejia.Example/promo" -is:retweet'], ["hejia.example/promo"]),
        (["url:hejia"], ["hejia"]),
        (["(url:hejia OR url:qinghe) lang:zh"], ["hejia", "qinghe"]),
        (['禾家 OR url:"hejia.example"', 'url:"hejia.example"'], ["hejia.example"]),
        (['-url:"hejia.example"'], []),
        (["禾家", '"hejia"'], []),
        (["curl:hejia"], []),
        ([], []),
    ],
)
def test_the_sites_of_rules(rules: list[str], sites: list[str]) -> None:
    assert list(sites_of(rules)) == sites


MEDIA: Json = {"url": "https://t.co/pic", "media_key": "3_1"}
PHOTO = MEDIA | {"expanded_url": "https://x.com/u/status/1001/photo/1"}
VIDEO = MEDIA | {"expanded_url": "https://twitter.com/u/status/1001/video/1"}


@pytest.mark.parametrize(
    ("text", "links", "wordless"),
    [
        ("@xmart https://t.co/pic", [PHOTO], "photo"),
        ("https://t.co/pic", [PHOTO], "photo"),
        ("https://t.co/pic", [VIDEO], "video"),
        ("@xmart @other_one https://t.co/pic", [VIDEO], "video"),
        ("@xmart\n https://t.co/pic", [MEDIA], "photo"),
        ("", [MEDIA], "photo"),
        ("@xmart", [], "photo"),
        ("@xmart 😡 https://t.co/pic", [PHOTO], ""),
        ("@xmart 发霉 https://t.co/pic", [PHOTO], ""),
        ("？ https://t.co/pic", [PHOTO], ""),
        ("@xmart https://t.co/a https://t.co/pic", [PHOTO, {"url": "https://t.co/a"}], ""),
    ],
)
def test_a_picture_without_words_says_nothing(text: str, links: list[Json], wordless: str) -> None:
    data = post(text, entities={"urls": links}, attachments={"media_keys": ["3_1"]})
    event = read(data)
    assert event.wordless == wordless
    assert says_nothing(event) is (wordless != "")
    assert event.media == ("3_1",)


def test_a_name_alone_is_no_picture() -> None:
    assert read(post("@xmart")).wordless == ""


@pytest.mark.parametrize(
    ("user", "kind"),
    [
        ({"affiliation": {"description": "Automated by @someone"}}, "bot"),
        ({"affiliation": {"description": "自动账号，由 @someone 管理"}}, "bot"),
        ({"affiliation": {"description": "Works at the Automated Bakery"}}, "person"),
        ({"affiliation": {"description": 7}}, "person"),
        ({"affiliation": None}, "person"),
        ({"username": "weather_bot"}, "bot"),
        ({"username": "PriceBot"}, "bot"),
        ({"username": "PriceBot9"}, "bot"),
        ({"username": "talbot"}, "person"),
        ({"username": "notabot_really"}, "person"),
        ({"username": "NotABot"}, "person"),
        ({"description": "I am a bot, questions to @maker"}, "bot"),
        ({"description": "Automated account. Contact @maker"}, "bot"),
        ({"description": "本账号自动发布新闻"}, "bot"),
        ({"description": "I love bots"}, "person"),
        ({"description": "Are you a bot? I am not"}, "person"),
        ({"description": None}, "person"),
        ({"id": "77"}, "person"),
        ({"name": "Bot", "username": "wang"}, "person"),
        ({}, "person"),
    ],
)
def test_automated_accounts_are_known_by_label_name_or_profile(user: Json, kind: str) -> None:
    event = read(post("禾家", author_id="9"), users=[{"id": "9", "username": "wang", **user}])
    assert event.author.kind == kind


def test_the_brands_other_accounts_and_named_programs_are_no_persons() -> None:
    assert read(post("禾家", author_id="77")).author.kind == "own"
    me = XAccount(id="42", username="x", voices=KnownVoices.named(own=["@Shop_CS"], bots=["feeds"]))
    for name, kind in (("shop_cs", "own"), ("FEEDS", "bot"), ("wang", "person")):
        includes: Json = {"users": [{"id": "9", "username": name}]}
        assert read_post(post("x"), includes, me, channel="x").event.author.kind == kind


def test_no_text_from_x_may_be_learned_from() -> None:
    assert read(post("x")).no_training


def test_terms_do_not_join_across_texts() -> None:
    data = post("买了禾", referenced_tweets=refers("quoted"))
    event = read(data, original("家里的面包"))
    assert matched_text(event) == "买了禾。家里的面包"
    assert not named(event)
