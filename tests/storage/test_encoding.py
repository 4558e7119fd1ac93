"""Records become bytes and come back as they were."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import micros, moment
from core.model.events import Author, Event, EventKind, Metrics
from storage.encoding import Plain, dump, key_of, load, text_of

ANY_TEXT = st.text(alphabet=st.characters(codec=None, categories=None))
EVENTS = st.builds(
    Event,
    channel=ANY_TEXT,
    id=ANY_TEXT,
    kind=st.sampled_from(EventKind),
    author=st.builds(Author, id=ANY_TEXT, name=ANY_TEXT),
    text=ANY_TEXT,
    posted_at=st.datetimes(timezones=st.just(UTC)),
    conversation=ANY_TEXT,
    reply_to=st.none() | ANY_TEXT,
    metrics=st.builds(Metrics, likes=st.none() | st.integers()),
    solicited=st.booleans(),
    media=st.lists(ANY_TEXT).map(tuple),
)


@given(EVENTS)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    coder = Plain()
    assert coder.load(Event, coder.dump(event)) == event


@given(ANY_TEXT)
def test_a_key_is_exact_and_can_be_stored(text: str) -> None:
    key = key_of(text)
    assert text_of(key) == text
    if isinstance(key, str):
        key.encode()


def test_keys_differ_where_texts_do() -> None:
    pair, lone = "\U0001f600", "\ud83d\ude00"
    assert key_of(pair) != key_of(lone)
    assert load(Event, dump(_event(lone))).text == lone


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_are_exact(at: datetime) -> None:
    assert moment(micros(at)) == at


@dataclass(frozen=True, kw_only=True, slots=True)
class Old:
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    at: datetime
    metrics: Metrics | None = None
    within: tuple[Old, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class New:
    name: str
    kind: Literal["a", "b"] | int | None = "a"
    pairs: tuple[tuple[str, str], ...] = ()
    at: datetime | None = None
    parts: tuple[Part, ...] = ()


def test_a_record_survives_a_change_of_its_type() -> None:
    assert load(New, dump(Old(name="x"))) == New(name="x")
    full = New(name="x", kind=3, pairs=(("a", "b"),), at=datetime(2026, 1, 1, tzinfo=UTC))
    assert load(New, dump(full)) == full
    assert load(Old, dump(full)) == Old(name="x")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    part = Part(at=at, metrics=Metrics(upvote_ratio=0.5), within=(Old(name="y"),))
    nested = New(name="x", parts=(part, Part(at=at)))
    assert load(New, dump(nested)) == nested
    assert load(New, b'{"name":"x","at":null}') == New(name="x")


def test_what_is_missing_is_told() -> None:
    with pytest.raises(TypeError, match="name"):
        load(Old, b"{}")


def _event(text: str) -> Event:
    return Event(
        channel="c",
        id="1",
        kind=EventKind.POST,
        author=Author(id="a"),
        text=text,
        posted_at=datetime(2026, 1, 1, tzinfo=UTC),
        conversation="c",
    )
