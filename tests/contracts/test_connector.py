"""The contract that every registered connector keeps, whatever its platform."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC
from pathlib import Path

import pytest

from connectors.registry import REGISTRY
from core.connector import Rejected, RetryAt, Sends, Sent, TakesIdempotencyKey, Unknown
from tests.connectors.support import drain, running
from tests.contracts.connector_rig import ContractRig, Rig, registered_rigs
from tests.driven_clock import WATCHDOG_SECONDS

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


ROOT = Path(__file__).parents[2]
RIGS = registered_rigs()


@pytest.fixture(params=sorted(RIGS))
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    async with RIGS[request.param].open(tmp_path) as made:
        yield made


def where(promised: Callable[[ContractRig], bool]) -> pytest.MarkDecorator:
    """Run the test on the connectors that make this promise."""
    names = [name for name, rig in RIGS.items() if promised(rig)]
    return pytest.mark.parametrize("rig", names, indirect=True)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_registered_type_has_a_rig_and_a_page(name: str) -> None:
    assert name in RIGS, (
        f"the connector type {name!r} is not tested: add tests/connectors/rigs/{name}.py with "
        "RIG = ContractRig(...), see docs/how-to/add-a-connector.md"
    )
    page = ROOT / "docs" / "reference" / "channels" / f"{name}.md"
    assert page.exists(), f"the connector type {name!r} is not documented: add {page}"


def test_every_rig_belongs_to_a_registered_type() -> None:
    files = {file.stem for file in (ROOT / "tests" / "connectors" / "rigs").glob("[!_]*.py")}
    assert files <= set(REGISTRY)


async def test_everything_is_delivered_once_and_in_order(rig: Rig) -> None:
    expected = await rig.say([f"text {number}" for number in range(MANY)])
    async with running(rig.connector(), rig.kit.intake):
        await rig.kit.intake.until(MANY)
    assert rig.kit.intake.ids == list(expected)


@where(lambda rig: not rig.ends)
async def test_what_comes_while_it_runs_is_delivered(rig: Rig) -> None:
    before = await rig.say(["before"])
    async with running(rig.connector(), rig.kit.intake):
        await rig.kit.intake.until(1)
        after = await rig.say(["after"])
        await rig.kit.intake.until(2)
    assert rig.kit.intake.ids == [*before, *after]


async def test_events_are_complete(rig: Rig) -> None:
    await rig.say(["text"])
    async with running(rig.connector(), rig.kit.intake):
        await rig.kit.intake.until(1)
    (event,) = rig.kit.intake.events.values()
    assert event.channel == "channel"
    assert event.text == "text"
    assert event.posted_at.tzinfo is UTC
    assert event.author.id
    assert event.conversation


async def test_text_is_delivered_byte_for_byte(rig: Rig) -> None:
    await rig.say(HOSTILE)
    async with running(rig.connector(), rig.kit.intake):
        await rig.kit.intake.until(len(HOSTILE))
    assert [event.text for event in rig.kit.intake.events.values()] == HOSTILE


@where(lambda rig: not rig.pushed)
async def test_a_killed_reader_goes_on_behind_the_last_stored_page(rig: Rig) -> None:
    expected = await rig.say([f"text {number}" for number in range(MANY)])
    first = rig.connector()
    await drain(first, rig.kit.intake, pages=1)
    await first.close()
    stored = len(rig.kit.intake.events)
    assert 0 < stored < MANY
    async with running(rig.connector(), rig.kit.intake):
        await rig.kit.intake.until(MANY)
    assert rig.kit.intake.ids == list(expected)


@where(lambda rig: not rig.pushed)
async def test_a_page_that_was_not_stored_is_delivered_again(rig: Rig) -> None:
    expected = await rig.say([f"text {number}" for number in range(MANY)])
    first = rig.connector()
    lost = await anext(first.pages(None))
    assert lost.events
    await first.close()
    async with running(rig.connector(), rig.kit.intake):
        await rig.kit.intake.until(MANY)
    assert rig.kit.intake.ids == list(expected)


async def test_what_is_delivered_again_has_the_same_key(rig: Rig) -> None:
    await rig.say(["one", "two"])
    async with running(rig.connector(), rig.kit.intake):
        await rig.kit.intake.until(2)
    rig.kit.intake.cursors.clear()
    before = dict(rig.kit.intake.events)
    await rig.say(["three"])
    async with running(rig.connector(), rig.kit.intake):
        await rig.kit.intake.until(3)
    assert dict(list(rig.kit.intake.events.items())[:2]) == before
    assert len(rig.kit.intake.events) == 3


async def test_closing_ends_the_reading_and_may_be_repeated(rig: Rig) -> None:
    connector = rig.connector()
    task = asyncio.create_task(drain(connector, rig.kit.intake))
    await asyncio.sleep(0.05)
    await connector.close()
    await connector.close()
    async with asyncio.timeout(20):
        await task
    unread = rig.connector()
    await unread.close()


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_its_abilities_are_those_of_its_rig(name: str, tmp_path: Path) -> None:
    async with RIGS[name].open(tmp_path) as rig:
        connector = rig.connector()
        assert connector.name == "channel"
        assert isinstance(connector, Sends) == RIGS[name].sends
        assert isinstance(connector, TakesIdempotencyKey) == RIGS[name].keyed
        await connector.close()


@pytest.mark.parametrize("name", [name for name in RIGS if REGISTRY[name].measure is not None])
async def test_a_reply_of_the_registered_length_is_sent_whole(name: str, tmp_path: Path) -> None:
    measure = REGISTRY[name].measure
    assert measure is not None
    length, most = measure
    longest = "x" * most
    assert length(longest) == most
    async with RIGS[name].open(tmp_path) as rig:
        await rig.say(["question"])
        connector = rig.connector()
        assert isinstance(connector, Sends)
        assert isinstance(await connector.send(rig.target(), longest, "key-1"), Sent)
        assert "".join(rig.taken() or ()) == longest
        await connector.close()


@where(lambda rig: rig.sends)
async def test_a_reply_is_sent_once(rig: Rig) -> None:
    await rig.say(["question"])
    connector = rig.connector()
    assert isinstance(connector, Sends)
    result = await connector.send(rig.target(), "答复 answer", "key-1")
    assert isinstance(result, Sent)
    assert result.native_id
    assert rig.taken() in (None, ["答复 answer"])
    await connector.close()


@where(lambda rig: rig.sends and rig.keyed)
async def test_the_same_key_is_one_reply_where_it_says_so(rig: Rig) -> None:
    await rig.say(["question"])
    connector = rig.connector()
    assert isinstance(connector, Sends)
    first = await connector.send(rig.target(), "answer", "key-1")
    assert await connector.send(rig.target(), "answer", "key-1") == first
    assert rig.taken() in (None, ["answer"])
    await connector.close()


@where(lambda rig: rig.sends)
@pytest.mark.parametrize("text", ["\x00", "\ud800", "<b>&", "x" * 20_000, " ", "\u202e"])
async def test_any_text_has_an_outcome(rig: Rig, text: str) -> None:
    await rig.say(["question"])
    connector = rig.connector()
    assert isinstance(connector, Sends)
    async with asyncio.timeout(WATCHDOG_SECONDS):
        result = await connector.send(rig.target(), text, "key-1")
    assert isinstance(result, Sent | RetryAt | Rejected | Unknown)
    await connector.close()
