"""A replay pauses replies as long as the crisis goes on among its posts, not until it is played."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from cli.config import load_config
from cli.wiring import open_app
from connectors.replay.settings import read_feed
from tests.builders import START
from tests.cli.test_wiring import played_in

ILL = "孩子吃了禾家超市的面包食物中毒，上吐下泻送医院了"


def event(name: str, text: str, hours: float, *, message: bool = False) -> dict[str, object]:
    return {
        "channel": "webchat" if message else "weibo",
        "id": name,
        "kind": "message" if message else "post",
        "author": {"id": f"u{name}"},
        "text": text,
        "posted_at": (START + timedelta(hours=hours)).isoformat(),
        "conversation": name,
        "solicited": message,
    }


@pytest.mark.slow
async def test_a_pause_ends_by_the_time_of_the_posts(config: Path, tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    crisis = [event(f"ill{n}", f"{ILL}{'！' * n}", n / 20) for n in range(6)]
    calm = [event(f"c{n}", f"今天去禾家超市买了{n}样东西", 0.5 + n / 30) for n in range(900)]
    late = [event("late", "禾家的面包发霉了，我要退款", 31, message=True)]
    feed.write_text("\n".join(json.dumps(one) for one in [*crisis, *calm, *late]), "utf-8")
    loaded, sent = load_config(config), tmp_path / "replies.jsonl"
    async with open_app(loaded, feed=read_feed(feed, "max", sent)) as app:
        await played_in(app)
        [raised] = [one for one in await app.store.alerts.recent(limit=9) if one.kind == "incident"]
        assert raised.severity == "P1"
        assert raised.state == "resolved"
        assert await app.pauses.all() == []
        [incident] = await app.store.incidents.find()
        assert incident.state == "resolved"
    assert '"late"' in sent.read_text("utf-8"), "nothing holds the reply of the next day"
