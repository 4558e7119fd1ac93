"""A crisis in many words through the whole program: shown = stored, also after restarts."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from cli.config import load_config
from cli.wiring import App, open_app
from connectors.replay.settings import read_feed
from tests.builders import START
from tests.cli.test_wiring import played_in

pytestmark = pytest.mark.slow

WORDINGS = (
    "禾家的酸奶盖子鼓包了，孩子喝完吐了一地，气死了",
    "听说有孩子喝了禾家的酸奶进医院了，家长们先别喝",
    "群里好几个妈妈说孩子喝了禾家的酸奶拉肚子，太可怕了",
    "禾家超市的酸奶还有十天才到期就酸臭，闻着想吐",
    "禾家冷藏柜的灯都不亮，酸奶能不坏吗",
    "同款！上周在禾家买的酸奶也是鼓包的，恶心",
    "建议打12315，禾家的酸奶坏成这样还卖",
    "My kid threw up after the yogurt from Hejia, the lid was swollen",
    "Yogurt at Hejia smells rotten ten days before the date. Disgusting",
)
REMARKS = ("太恶心了", "必须查", "转给有娃的", "以后不去了")


def feed(folder: Path) -> Path:
    """Two hundred posts in a quarter of an hour: the wordings, passed on and told anew."""
    file, lines = folder / "feed.jsonl", []
    for n in range(200):
        text = WORDINGS[n * 7 % len(WORDINGS)]
        if n % 3 == 0:
            text = f"{REMARKS[n % 4]}//@路人{n}:{text}"
        elif n % 3 == 1:
            text += "！" * (n % 5)
        posted_at = START + timedelta(seconds=4.5 * n)
        event = {
            "channel": ("weibo", "douyin")[n % 2],
            "id": f"e{n}",
            "kind": "post",
            "author": {"id": f"a{n}", "name": f"路人{n}"},
            "text": text,
            "posted_at": posted_at.isoformat(),
            "conversation": f"e{n}",
        }
        lines.append(json.dumps(event))
    file.write_text("\n".join(lines), "utf-8")
    return file


async def shown_and_stored(app: App) -> list[tuple[int, int]]:
    return [
        (one.mentions, len(await app.store.incidents.mentions(one.id, limit=10_000)))
        for one in await app.store.incidents.find(limit=500)
    ]


async def test_shown_is_stored_after_a_replay_and_restarts(config: Path) -> None:
    loaded, settings = load_config(config), read_feed(feed(config.parent), "max", None)
    async with open_app(loaded, feed=settings) as app:
        await played_in(app)
    for _ in range(3):
        async with open_app(loaded, feed=settings) as app:
            await played_in(app)
        async with open_app(loaded, feed=settings) as app:
            found = await shown_and_stored(app)
            assert found
            assert all(shown == stored for shown, stored in found), found
            assert sum(stored for _, stored in found) <= 200
