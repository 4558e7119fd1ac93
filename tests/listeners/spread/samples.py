"""Posts of one matter or another, and of nothing in particular."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

from core.mentions import Mention
from tests.listeners.making import START, mention
from tests.listeners.spread.rig import (
    said,
)


def in_category(one: Mention) -> Mention:
    return replace(one, judgement=replace(one.judgement, category="food_safety"))


def late(seq: int, text: str, *, bad: bool = True) -> Mention:
    at = START + timedelta(days=1, hours=6, minutes=25)
    return in_category(said(1, text, at=at, seq=seq, positive=not bad)[0])


def angry_at_everything(at: datetime, *, seq: int = 10_000) -> list[Mention]:
    rng = random.Random(seq)
    return [
        mention(
            seq + n,
            at=at + timedelta(minutes=n / 2),
            author=f"x{n}",
            text="".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(20)),
            complaint=0.9,
        )
        for n in range(60)
    ]
