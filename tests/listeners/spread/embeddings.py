"""Two incidents in many words and two languages, and embeddings that tell them apart."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from core.model.mentions import Mention
from core.taxonomy import Language
from listeners.judgement.embedding import Vectors
from listeners.spread.grouping.meaning import shipped_background
from listeners.spread.watch import SpreadWatch
from tests.builders import MIDNIGHT
from tests.listeners.spread.rig import chain

BREAD = (
    "昨天买的面包打开一看已经发霉了", "吐司背面全是绿毛", "刚买的三明治一股霉味",
    "烘焙区的东西长毛了还在卖",
    "孩子吃的土司上有霉斑", "Green spots on my loaf", "The toast had fuzzy mould on it",
    "Bakery sold me something rotten", "Threw the whole bag out, furry underneath",
)  # fmt: skip
GUARD = (
    "保安翻我的包", "门口被拦下来搜身", "A guard went through my pockets in front of everyone",
    "Treated like a thief at the exit", "They frisked my grandmother",
)  # fmt: skip
DAY = MIDNIGHT + timedelta(days=1, hours=6)


class TopicEmbeddings:
    """Embeds the texts above by incident, whatever their language."""

    def __init__(self, *, release: threading.Event | None = None) -> None:
        """``release``: until it is set, nothing is answered."""
        self.asked: list[str] = []
        self._release = release

    def query(self, texts: str) -> Vectors:
        assert self._release is None or self._release.wait(60)
        self.asked.append(texts)
        plain = texts.strip()
        axis = 0 if plain in BREAD else 1 if plain in GUARD else 2 + len(self.asked) % 300
        own = np.zeros(384, np.float32)
        own[axis] = 1.0
        return shipped_background()["en" if plain.isascii() else "zh"] + own


def described(
    texts: Sequence[str], *, seq: int = 1_000, category: str = "freshness", minutes: float = 3
) -> list[Mention]:
    """Each text as the post of another author."""
    posts = []
    for number, text in enumerate(texts):
        at = DAY + timedelta(minutes=minutes * number)
        [post] = chain(1, text, at=at, seq=seq + number)
        language: Language = "en" if text.isascii() else "zh"
        judged = replace(post.judgement, language=language, category=category)
        posts.append(replace(post, judgement=judged))
    return posts


async def observe_and_embed(watch: SpreadWatch, mentions: Sequence[Mention]) -> None:
    """Observe mentions in order of time, and wait for the embeddings of each."""
    for one in sorted(mentions, key=lambda one: one.event.posted_at):
        await watch.observe(one)
        await watch.drain()
