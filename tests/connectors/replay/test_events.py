"""One line of the replay format: valid forms, their meaning, and the errors of invalid ones."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.replay.events import LONGEST_LINE, read_event
from core.errors import InputError
from core.model.events import Author, Event, EventKind, Metrics, Quoted

FULL: dict[str, object] = {
    "channel": "weibo",
    "id": "4001",
    "kind": "post",
    "author": {"id": "7", "name": "小王", "followers": 12},
    "text": "面包发霉了",
    "posted_at": "2026-03-01T08:30:00+08:00",
    "conversation": "4000",
    "reply_to": "3999",
    "url": "https://example.com/4001",
    "metrics": {"likes": 1, "reposts": 2, "comments": 3, "views": 4},
    "solicited": False,
}


def event(**changes: object) -> Event:
    """The event of the full line with some fields changed; ``...`` leaves a field out."""
    data = {name: value for name, value in (FULL | changes).items() if value is not ...}
    return read_event(json.dumps(data).encode(), 3)


def test_every_field_is_read() -> None:
    assert event() == Event(
        channel="weibo",
        id="4001",
        kind=EventKind.POST,
        author=Author(id="7", name="小王", followers=12),
        text="面包发霉了",
        posted_at=datetime(2026, 3, 1, 0, 30, tzinfo=UTC),
        conversation="4000",
        reply_to="3999",
        url="https://example.com/4001",
        metrics=Metrics(likes=1, reposts=2, comments=3, views=4),
        solicited=False,
    )


def test_five_fields_are_enough() -> None:
    line = b'{"channel":"x","id":1,"author":{"id":2},"text":"","posted_at":0}'
    assert read_event(line, 1) == Event(
        channel="x",
        id="1",
        kind=EventKind.POST,
        author=Author(id="2"),
        text="",
        posted_at=datetime(1970, 1, 1, tzinfo=UTC),
        conversation="1",
    )


def test_the_conversation_falls_back_to_what_is_answered_then_to_the_event() -> None:
    assert event(conversation=...).conversation == "3999"
    assert event(conversation=None, reply_to=None).conversation == "4001"


def test_private_messages_of_one_author_are_one_conversation_and_addressed_to_the_brand() -> None:
    told = event(kind="dm", conversation=..., reply_to=..., solicited=...)
    assert (told.kind, told.conversation, told.solicited) == (EventKind.MESSAGE, "7", True)
    assert event(kind="message", solicited=False).solicited is False


@pytest.mark.parametrize(
    ("word", "kind", "solicited"),
    [
        ("Tweet", EventKind.POST, False),
        ("status", EventKind.POST, False),
        ("submission", EventKind.POST, False),
        ("微博", EventKind.POST, False),
        ("mention", EventKind.POST, True),
        ("reply", EventKind.COMMENT, False),
        (" COMMENT ", EventKind.COMMENT, False),
        ("评论", EventKind.COMMENT, False),
        ("retweet", EventKind.REPOST, False),
        ("转发", EventKind.REPOST, False),
        ("私信", EventKind.MESSAGE, True),
        (None, EventKind.POST, False),
    ],
)
def test_kinds_have_synonyms(word: str | None, kind: EventKind, solicited: bool) -> None:
    told = event(kind=word, solicited=...)
    assert (told.kind, told.solicited) == (kind, solicited)


def test_edits_and_deletes_are_revisions_of_what_they_change() -> None:
    assert event().revision == 0
    assert event(kind="edit").revision == 1772325000000
    assert event(kind="delete", posted_at=12.5).revision == 12500
    assert event(kind="edit", revision=2).revision == 2


@pytest.mark.parametrize(
    ("given_time", "expected"),
    [
        ("2026-03-01T00:30:00Z", datetime(2026, 3, 1, 0, 30, tzinfo=UTC)),
        ("2026-03-01 00:30", datetime(2026, 3, 1, 0, 30, tzinfo=UTC)),
        ("2026-03-01T00:30:00.123456", datetime(2026, 3, 1, 0, 30, 0, 123456, tzinfo=UTC)),
        ("2026-02-28T19:00:00-05:30", datetime(2026, 3, 1, 0, 30, tzinfo=UTC)),
        ("20260301T003000Z", datetime(2026, 3, 1, 0, 30, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        (1772325000, datetime(2026, 3, 1, 0, 30, tzinfo=UTC)),
        (1772325000.5, datetime(2026, 3, 1, 0, 30, 0, 500000, tzinfo=UTC)),
    ],
)
def test_times_are_iso_8601_or_seconds(given_time: object, expected: datetime) -> None:
    told = event(posted_at=given_time)
    assert told.posted_at == expected
    assert told.posted_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"like_count": 5, "retweet_count": 6, "reply_count": 7}, (5, 6, 7, None)),
        ({"score": -3, "num_comments": 2, "num_crossposts": 1}, (-3, 1, 2, None)),
        ({"attitudes_count": 1.0, "impression_count": 9}, (1, None, None, 9)),
        ({"likes": None, "favorites": 4, "mood": "angry"}, (4, None, None, None)),
        ({}, (None, None, None, None)),
        (None, (None, None, None, None)),
    ],
)
def test_metrics_have_synonyms(
    metrics: object, expected: tuple[int | None, int | None, int | None, int | None]
) -> None:
    told = event(metrics=metrics).metrics
    assert (told.likes, told.reposts, told.comments, told.views) == expected


def test_media_and_unknown_keys() -> None:
    told = event(media=["a", "b"], mood="angry", author={"id": "7", "city": "上海"})
    assert told.media == ("a", "b")
    assert told.author == Author(id="7")


def test_hostile_text_passes_byte_for_byte() -> None:
    text = "\x00\ud800\u202e<script>'\";\n\u200b" + "长" * 100_000
    assert event(text=text, author={"id": "\ud800"}).text == text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channel": ...}, '"channel" is missing. Add it.'),
        ({"channel": " "}, '"channel" must have'),
        ({"channel": "x" * 101}, '"channel" must have'),
        ({"channel": 5}, '"channel" is 5. It must be a string.'),
        ({"id": ...}, '"id" is missing'),
        ({"id": None}, '"id" is missing'),
        ({"id": ""}, '"id" is empty'),
        ({"id": True}, '"id" is true. It must be a string or a whole number.'),
        ({"id": 1.5}, '"id" is 1.5'),
        ({"id": "x" * 513}, '"id" has 513 characters'),
        ({"id": ["x"]}, '"id" is a list'),
        ({"author": ...}, '"author" is missing'),
        ({"author": "bob"}, "\"author\" is 'bob'. It must be an object such as"),
        ({"author": {}}, '"author.id" is missing'),
        ({"author": {"id": "7", "name": 5}}, '"name" is 5'),
        ({"author": {"id": "7", "followers": "many"}}, "\"author.followers\" is 'many'"),
        ({"author": {"id": "7", "followers": -1}}, '"author.followers" is -1. Give a number'),
        ({"author": {"id": "7", "followers": 2**63}}, '"author.followers" is 92233'),
        ({"author": {"id": "7", "followers": True}}, '"author.followers" is true'),
        ({"text": ...}, '"text" is missing'),
        ({"text": None}, '"text" is null. It must be a string.'),
        ({"text": {}}, '"text" is an object'),
        ({"posted_at": ...}, '"posted_at" is missing'),
        (
            {"posted_at": "yesterday"},
            "\"posted_at\" is 'yesterday', which is not a time. Write ISO",
        ),
        ({"posted_at": "2026-02-30T00:00:00Z"}, '"posted_at" is'),
        ({"posted_at": "1772325000"}, '"posted_at" is'),
        ({"posted_at": 1772325000000}, "seconds since 1970, not milliseconds."),
        ({"posted_at": 1e300}, '"posted_at" is 1e+300'),
        ({"posted_at": -1}, "not between 1970 and 2200"),
        ({"posted_at": "0001-01-01T00:00:00+08:00"}, '"posted_at" is'),
        ({"posted_at": True}, '"posted_at" is true'),
        ({"posted_at": []}, '"posted_at" is a list'),
        ({"kind": "poem"}, "\"kind\" is 'poem', which is unknown. Use one of message, post"),
        ({"kind": 1}, '"kind" is 1'),
        ({"revision": -1}, '"revision" is -1'),
        ({"url": 5}, '"url" is 5'),
        ({"metrics": []}, '"metrics" is a list. It must be an object.'),
        ({"metrics": {"likes": -1}}, '"metrics.likes" is -1'),
        ({"metrics": {"likes": 1.5}}, '"metrics.likes" is 1.5'),
        ({"metrics": {"views": 1e300}}, '"metrics.views" is 1000'),
        ({"solicited": "no"}, "\"solicited\" is 'no'. It must be true or false."),
        ({"media": "x"}, '"media" is'),
        ({"media": [1]}, '"media" is a list. It must be a list of strings.'),
    ],
)
def test_a_mistake_names_the_line_the_field_and_the_remedy(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        event(**changes)
    assert str(caught.value).startswith("line 3: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "not JSON at character 1"),
        (b'{"channel":', "not JSON at character"),
        (b"[]", "a list is not a JSON object. Write one object a line."),
        (b"null", "null is not a JSON object"),
        (b"{} {}", "not JSON at character 4"),
        (b'{"text":"\xff"}', "byte 10 is not UTF-8. Save the file in UTF-8."),
        (b'{"n":NaN}', "NaN is not a JSON number"),
        (b'{"n":-Infinity}', "-Infinity is not a JSON number"),
        (b'{"n":1e999}', "is too large"),
        (b'{"n":-1e999}', "is too large"),
        (b'{"n":' + b"9" * 5000 + b"}", "too many digits. Simplify it."),
        (b'{"text":' + b"[" * 900_000, "nests too deeply"),
        (b"x" * (LONGEST_LINE + 1), f"longer than {LONGEST_LINE} bytes"),
    ],
)
def test_what_is_no_object_is_named(line: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_event(line, 3)
    assert message in str(caught.value)


def test_a_deeply_nested_value_in_a_field_is_a_mistake_like_any_other() -> None:
    line = json.dumps(FULL | {"text": "?"}).replace('"?"', "[" * 500 + "]" * 500)
    with pytest.raises(InputError, match='"text" is a list'):
        read_event(line.encode(), 3)


def test_a_byte_order_mark_is_passed_over() -> None:
    line = b"\xef\xbb\xbf" + json.dumps(FULL).encode()
    assert read_event(line, 1) == event()


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_a_mistake(line: bytes) -> None:
    with pytest.raises(InputError, match=r"^line 1: "):
        read_event(line, 1)


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.sampled_from([*FULL, "revision", "media"]), ANY)
def test_any_value_in_any_field_is_an_event_or_a_mistake(name: str, value: object) -> None:
    try:
        told = event(**{name: value})
    except InputError as error:
        assert name in str(error) or "too large" in str(error)  # noqa: PT017 - either is right
    else:
        assert told.posted_at.tzinfo is UTC
        assert told.id
        assert told.author.id
        assert told.conversation


QUOTED: dict[str, object] = {"author": "小李", "text": "面包发霉了"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (..., ()),
        (None, ()),
        ([], ()),
        (QUOTED, (Quoted(author="小李", text="面包发霉了"),)),
        ([QUOTED], (Quoted(author="小李", text="面包发霉了"),)),
        ([{"text": "x"}], (Quoted(author="", text="x"),)),
        ([{"text": "x", "author": None}], (Quoted(author="", text="x"),)),
        ([{"text": "x", "author": {"id": 7, "name": "小李"}}], (Quoted(author="小李", text="x"),)),
        ([{"text": "x", "id": 4001}], (Quoted(author="", text="x", id="4001"),)),
        (
            [QUOTED | {"kind": "repost"}, {"text": "更早的", "kind": "repost", "author": "老张"}],
            (
                Quoted(author="小李", text="面包发霉了", kind="repost"),
                Quoted(author="老张", text="更早的", kind="repost"),
            ),
        ),
        (
            {"text": "标题", "kind": "link", "id": "https://a.example", "author": "a.example"},
            (Quoted(author="a.example", text="标题", kind="link", id="https://a.example"),),
        ),
        ({"text": "x", "own": True}, (Quoted(author="", text="x", own=True),)),
        ({"text": ""}, (Quoted(author="", text=""),)),
    ],
)
def test_texts_that_a_post_refers_to(value: object, expected: tuple[Quoted, ...]) -> None:
    assert event(quoted=value).quoted == expected


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "quoted[0]"),
        ("面包", "quoted[0]"),
        ([QUOTED, 7], "quoted[1]"),
        ([{"author": "x"}], '"text" is missing'),
        ([{"text": 7}], '"text"'),
        ([{"text": "x", "author": 7}], "quoted[0].author"),
        ([{"text": "x", "kind": "odd"}], "quoted[0].kind"),
        ([{"text": "x", "own": 1}], '"own"'),
        ([QUOTED] * 51, "50 or fewer"),
    ],
)
def test_what_is_no_quotation(value: object, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        event(quoted=value)


@pytest.mark.parametrize("kind", ["person", "own", "bot", "platform", "moderator", None])
def test_who_speaks(kind: str | None) -> None:
    assert event(author={"id": 7, "kind": kind}).author.kind == (kind or "person")


def test_an_unknown_kind_of_author_is_a_mistake() -> None:
    with pytest.raises(InputError, match=r"author\.kind"):
        event(author={"id": 7, "kind": "robot"})


@pytest.mark.parametrize(
    ("text", "media", "given_kind", "wordless"),
    [
        ("", ["a"], None, "file"),
        (" ", ["a"], None, "file"),
        ("@禾家超市", ["a"], None, "file"),
        ("@禾家超市 https://t.cn/x", ["a"], None, "file"),
        ("发霉了", ["a"], None, ""),
        ("😡", ["a"], None, ""),
        ("@禾家超市 发霉了", ["a"], None, ""),
        ("", [], None, ""),
        ("🖼", [], "photo", "photo"),
        ("", ["a"], "voice", "voice"),
    ],
)
def test_what_was_sent_instead_of_words(
    text: str, media: list[str], given_kind: str | None, wordless: str
) -> None:
    assert event(text=text, media=media, wordless=given_kind).wordless == wordless


def test_a_chain_inside_the_text_stays_where_it_is() -> None:
    text = "转发微博//@小李:面包发霉了//@老张:禾家的？"
    told = event(text=text, kind="repost")
    assert (told.text, told.quoted) == (text, ())
