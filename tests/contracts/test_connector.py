"""What every connector promises, whatever its platform."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import fields
from datetime import UTC
from pathlib import Path

import pytest

from connectors.registry import REGISTRY
from core.connector import (
    Capabilities,
    MeasuresLength,
    ReadsEngagement,
    Rejected,
    RetryAt,
    Sends,
    Sent,
    Unknown,
)
from core.events import Metrics
from tests.connectors.support import drain, running
from tests.contracts.connector_rig import Rig
from tests.contracts.connector_rigs import ENDING, KEYLESS, LISTENING, PUSHED, RIGS

MANY = 260
"""More than one page on every platform."""

HOSTILE = [
    "\x00 nul",
    "\u202egnp.exe",
    "<script>alert(1)</script>",
    "&amp; &lt;b&gt;",
    "=cmd|'/c calc'!A1",
    "{{7*7}} ${HOME} %s %d",
    "𠮷👩‍👩‍👧‍👦🇨🇳",
    "a\nb\r\nc\td",
    "长" * 4000,
]


@pytest.fixture(params=sorted(RIGS))
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    async with RIGS[request.param](tmp_path) as made:
        yield made


def on(names: Collection[str]) -> pytest.MarkDecorator:
    """Run on these connectors alone: what the others do not do, they do not promise."""
    return pytest.mark.parametrize("rig", sorted(names), indirect=True)


def test_every_registered_connector_keeps_this_contract() -> None:
    assert sorted(RIGS) == sorted(REGISTRY)


async def test_everything_is_delivered_once_and_in_order(rig: Rig) -> None:
    expected = await rig.say([f"text {number}" for number in range(MANY)])
    async with running(rig.connector(), rig.kit.shelf):
        await rig.kit.shelf.until(MANY)
    assert rig.kit.shelf.ids == list(expected)


@on(set(RIGS) - ENDING)
async def test_what_comes_while_it_runs_is_delivered(rig: Rig) -> None:
    before = await rig.say(["before"])
    async with running(rig.connector(), rig.kit.shelf):
        await rig.kit.shelf.until(1)
        after = await rig.say(["after"])
        await rig.kit.shelf.until(2)
    assert rig.kit.shelf.ids == [*before, *after]


async def test_events_are_complete(rig: Rig) -> None:
    await rig.say(["text"])
    async with running(rig.connector(), rig.kit.shelf):
        await rig.kit.shelf.until(1)
    (event,) = rig.kit.shelf.events.values()
    assert event.channel == "channel"
    assert event.text == "text"
    assert event.posted_at.tzinfo is UTC
    assert event.author.id
    assert event.conversation


async def test_text_is_delivered_byte_for_byte(rig: Rig) -> None:
    await rig.say(HOSTILE)
    async with running(rig.connector(), rig.kit.shelf):
        await rig.kit.shelf.until(len(HOSTILE))
    assert [event.text for event in rig.kit.shelf.events.values()] == HOSTILE


@on(set(RIGS) - PUSHED)
async def test_a_killed_reader_goes_on_behind_the_last_stored_page(rig: Rig) -> None:
    expected = await rig.say([f"text {number}" for number in range(MANY)])
    first = rig.connector()
    await drain(first, rig.kit.shelf, pages=1)
    await first.close()
    stored = len(rig.kit.shelf.events)
    assert 0 < stored < MANY
    async with running(rig.connector(), rig.kit.shelf):
        await rig.kit.shelf.until(MANY)
    assert rig.kit.shelf.ids == list(expected)


@on(set(RIGS) - PUSHED)
async def test_a_page_that_was_not_stored_is_delivered_again(rig: Rig) -> None:
    expected = await rig.say([f"text {number}" for number in range(MANY)])
    first = rig.connector()
    lost = await anext(first.pages(None))
    assert lost.events
    await first.close()
    async with running(rig.connector(), rig.kit.shelf):
        await rig.kit.shelf.until(MANY)
    assert rig.kit.shelf.ids == list(expected)


async def test_what_is_delivered_again_has_the_same_key(rig: Rig) -> None:
    await rig.say(["one", "two"])
    async with running(rig.connector(), rig.kit.shelf):
        await rig.kit.shelf.until(2)
    rig.kit.shelf.cursors.clear()
    before = dict(rig.kit.shelf.events)
    await rig.say(["three"])
    async with running(rig.connector(), rig.kit.shelf):
        await rig.kit.shelf.until(3)
    assert dict(list(rig.kit.shelf.events.items())[:2]) == before
    assert len(rig.kit.shelf.events) == 3


async def test_closing_ends_the_reading_and_may_be_repeated(rig: Rig) -> None:
    connector = rig.connector()
    task = asyncio.create_task(drain(connector, rig.kit.shelf))
    await asyncio.sleep(0.05)
    await connector.close()
    await connector.close()
    async with asyncio.timeout(5):
        await task
    unread = rig.connector()
    await unread.close()


async def test_its_abilities_are_those_it_names(rig: Rig, request: pytest.FixtureRequest) -> None:
    connector, kind = rig.connector(), request.node.callspec.params["rig"]
    assert connector.name == "channel"
    capabilities: Capabilities = connector.capabilities
    assert capabilities.reply == isinstance(connector, Sends) == (kind not in LISTENING)
    assert capabilities.idempotent_send == (kind not in KEYLESS | LISTENING)
    assert (
        capabilities.engagement
        == isinstance(connector, ReadsEngagement)
        == bool(capabilities.figures)
    )
    assert set(capabilities.figures) <= {field.name for field in fields(Metrics)}
    await connector.close()


@pytest.mark.parametrize("kind", sorted(RIGS))
async def test_the_gate_counts_as_the_connector_does(kind: str, tmp_path: Path) -> None:
    async with RIGS[kind](tmp_path) as rig:
        connector, measure = rig.connector(), REGISTRY[kind].measure
        limit = connector.capabilities.length_limit
        assert (limit is None) is (measure is None)
        if measure is not None and limit is not None:
            count, most = measure
            assert most % limit == 0, "as much as one post takes, or so many posts"
            assert isinstance(connector, MeasuresLength)
            assert [count(text) for text in HOSTILE] == [connector.length(text) for text in HOSTILE]
            await rig.say(["question"])
            assert isinstance(connector, Sends)
            longest = "x" * most
            assert count(longest) == most
            assert isinstance(await connector.send(rig.target(), longest, "key-1"), Sent)
            assert "".join(rig.taken() or ()) == longest, "what the gate lets through is sent whole"
        await connector.close()


@on(set(RIGS) - LISTENING)
async def test_a_reply_is_sent_once(rig: Rig) -> None:
    await rig.say(["question"])
    connector = rig.connector()
    assert isinstance(connector, Sends)
    result = await connector.send(rig.target(), "答复 answer", "key-1")
    assert isinstance(result, Sent)
    assert result.native_id
    assert rig.taken() in (None, ["答复 answer"])
    await connector.close()


@on(set(RIGS) - KEYLESS - LISTENING)
async def test_the_same_key_is_one_reply_where_it_says_so(rig: Rig) -> None:
    await rig.say(["question"])
    connector = rig.connector()
    assert isinstance(connector, Sends)
    first = await connector.send(rig.target(), "answer", "key-1")
    assert await connector.send(rig.target(), "answer", "key-1") == first
    assert rig.taken() in (None, ["answer"])
    await connector.close()


@on(set(RIGS) - LISTENING)
@pytest.mark.parametrize("text", ["\x00", "\ud800", "<b>&", "x" * 20_000, " ", "\u202e"])
async def test_any_text_has_an_outcome(rig: Rig, text: str) -> None:
    await rig.say(["question"])
    connector = rig.connector()
    assert isinstance(connector, Sends)
    async with asyncio.timeout(30):
        result = await connector.send(rig.target(), text, "key-1")
    assert isinstance(result, Sent | RetryAt | Rejected | Unknown)
    await connector.close()
