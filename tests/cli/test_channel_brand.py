"""The brand of a private message, from a configuration through the web chat to the record."""

import asyncio
from pathlib import Path

import pytest

from cli.config import load_config
from cli.wiring import open_app
from core.model.mentions import Mention
from tests.driven_clock import WATCHDOG_SECONDS

SECOND = """
[[brands]]
id = "jiale"
name = "佳乐便利"
terms = ["佳乐", "佳乐便利"]

[[channels]]
"""


def with_second_brand(config: Path, brand: str | None) -> Path:
    """Add a second brand, and name the brand of the web chat."""
    channel = SECOND + (f'brand = "{brand}"\n' if brand else "")
    config.write_text(config.read_text("utf-8").replace("[[channels]]\n", channel, 1), "utf-8")
    return config


@pytest.mark.parametrize(
    ("brand", "text", "expected"),
    [
        (None, "佳乐便利的饭团发霉了，要退款", ("jiale",)),
        (None, "我在佳乐买的关东煮是馊的", ("jiale",)),
        (None, "禾家的面包发霉了，要退款", ("hejia",)),
        (None, "面包发霉了，要退款", ("hejia",)),
        ("jiale", "面包发霉了，要退款", ("jiale",)),
        ("jiale", "禾家的面包发霉了，要退款", ("hejia",)),
    ],
)
async def test_a_private_message_concerns_the_brand_it_names_else_its_channels(
    config: Path, brand: str | None, text: str, expected: tuple[str, ...]
) -> None:
    async with open_app(load_config(with_second_brand(config, brand))) as app:
        assert app.chat is not None
        changes = app.bus.subscribe()
        await app.chat.receive("visitor-0123456789-abcdef", "m1", text)
        running = asyncio.create_task(app.engine.run())
        async with asyncio.timeout(WATCHDOG_SECONDS):
            mention = await anext(one async for one in changes if isinstance(one, Mention))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert mention.brands == expected
