"""Text of strangers, cut and marked but never changed in meaning."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.formatting import (
    countdown,
    cut,
    encodable,
    iso,
    mark_evidence,
    moment,
    one_line,
    urgency,
    web_address,
)
from console.forms import clean, integer, mention_filter, ticket_filter
from console.json_encoding import dumps
from core.errors import InputError
from tests.console.seeds import NOW, event, judgement

ANY = st.text(alphabet=st.characters())


@given(ANY, st.lists(ANY, max_size=5))
def test_pieces_join_to_the_text(text: str, words: list[str]) -> None:
    found = mark_evidence(text, words)
    assert "".join(piece.text for piece in found) == text


@given(ANY)
def test_any_text_can_be_encoded(text: str) -> None:
    assert b"\x00" not in encodable(text).encode()


@given(ANY, st.integers(1, 50))
def test_cut_is_never_longer(text: str, length: int) -> None:
    assert len(cut(text, length)) <= length
    assert len(one_line(text, length)) <= length
    assert cut(text, length) == text or cut(text, length).endswith("…")


@given(ANY)
def test_cleaned_text_has_no_control_characters(text: str) -> None:
    found = clean(text)
    assert not any(c < " " and c not in "\n\t" for c in found)
    found.encode()
    assert clean(found) == found


@given(st.recursive(ANY | st.none() | st.booleans() | st.integers() | st.binary(), st.lists))
def test_anything_becomes_ascii_json(value: object) -> None:
    assert dumps(value).isascii()
    json.loads(dumps(value))


def test_records_become_json_by_their_field_names() -> None:
    found = json.loads(dumps({"event": event("1", "面包\ud83d"), "judgement": judgement()}))
    assert found["event"]["kind"] == "post"
    assert found["event"]["posted_at"] == "2025-11-21T12:00:00.000Z"
    assert found["event"]["text"] == "面包\ud83d"
    assert found["judgement"]["probabilities"]["negative"] == 0.91


class TestPieces:
    def test_marks_the_longest_word_in_any_case(self) -> None:
        found = mark_evidence("Moldy bread, MOLD", ("mold", "moldy"))
        assert [p.text for p in found if p.marked] == ["Moldy", "MOLD"]

    def test_takes_evidence_literally(self) -> None:
        assert [p.text for p in mark_evidence("a.c abc", (".",)) if p.marked] == ["."]

    def test_without_evidence_marks_nothing(self) -> None:
        assert [p.marked for p in mark_evidence("abc", ("", " "))] == [False]


@pytest.mark.parametrize(
    ("url", "ok"),
    [
        ("https://weibo.example/1", True),
        ("http://[::1]/", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt://x/%0aalert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("https://", False),
        ("http://[bad", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_are_linked(url: str | None, ok: bool) -> None:
    assert web_address(url) == (url if ok else None)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00"), (65, "01:05"), (-65.9, "01:05"), (7800, "2:10:00"), (266_400, "3d 02:00")],
)
def test_countdowns_drop_the_sign_and_small_units(seconds: float, text: str) -> None:
    assert countdown(seconds) == text


@pytest.mark.parametrize(
    ("minutes", "answered", "level"),
    [(20, False, "calm"), (14, False, "soon"), (-1, False, "late"), (-1, True, "answered")],
)
def test_urgency_follows_the_time_left(minutes: int, answered: bool, level: str) -> None:
    due = NOW + timedelta(minutes=minutes)
    assert urgency(due, NOW if answered else None, NOW) == level


def test_moments_leave_out_what_is_implied() -> None:
    china = timezone(timedelta(hours=8))
    assert moment(NOW, NOW, china) == "20:00"
    assert moment(NOW - timedelta(hours=21), NOW, china) == "11-20 23:00"
    assert moment(datetime(2024, 1, 31, 20, tzinfo=UTC), NOW, china) == "2024-02-01"
    assert iso(NOW.astimezone(china)) == "2025-11-21T12:00:00.000Z"


class TestFilters:
    def test_empty_means_all(self) -> None:
        found = mention_filter({"text": " ", "brand": "", "sentiment": ""})
        assert (found.text, found.brand, found.sentiment) == (None, None, None)
        assert ticket_filter({}).state == "unresolved"
        assert ticket_filter({"state": "all"}).state is None
        assert ticket_filter({"state": "open"}).state == "open"

    def test_times_need_a_time_zone(self) -> None:
        found = mention_filter({"since": "2025-01-31T08:00:00+08:00"})
        assert found.since == datetime(2025, 1, 31, tzinfo=UTC)
        for wrong in ("2025-01-31", "2025-01-31T08:00:00", "x"):
            with pytest.raises(InputError, match="until"):
                mention_filter({"until": wrong})

    @given(ANY)
    def test_integers_are_read_or_refused(self, text: str) -> None:
        try:
            found = integer({"n": text}, "n", default=5)
        except InputError:
            return
        assert found is not None
        assert 0 <= found < 10**18

    @given(st.dictionaries(st.sampled_from(["text", "brand", "channel", "owner"]), ANY))
    def test_terms_can_be_stored(self, query: dict[str, str]) -> None:
        for text in (mention_filter(query).text, ticket_filter(query).owner):
            assert text is None or text.encode()
