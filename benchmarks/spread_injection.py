"""Injects real rumours into a brand's ordinary stream, and measures the delay of alerts.

The stream is a public series of brand mentions thinned to one post in five minutes; its texts are
real posts that were no rumours, with the brand's name before them. A rumour is a real cascade of
which so many posts of the first 24 hours are kept, each repost written in one of the ways people
repost. Every text is judged by the judge that ``serve`` builds, so what it does not hear is not
found. A rumour is found if a P1 or P2 about an incident with posts of this rumour is raised within
an hour of its first post.
"""

import asyncio
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from cli.catalogue import shipped_catalogue
from cli.config import load_config
from core.clock import ManualClock
from core.model.alerts import Alert
from core.model.events import Author, Event, EventKind
from core.model.judgement import Judgement
from core.model.mentions import Mention
from listeners.factory import build_understanding
from listeners.judgement.embedding import Embedder
from listeners.judgement.judge import TextJudge
from listeners.spread.harm.claims import ClaimReader
from listeners.spread.watch import SpreadWatch
from tests.listeners.spread.memory_store import MemorySpreadStore

BRAND: Final = "hejia"
EVERY: Final = timedelta(hours=48)
HOUR: Final = timedelta(hours=1)
QUIET: Final = timedelta(hours=6)
CONFIG: Final = Path("examples/supermarket/tingfeng.toml")
_NAME: Final = "禾家超市 "
_BATCH: Final = 4_096
"""Texts judged in one call."""
_JUDGED: Final[dict[str, Judgement]] = {}
_PROMOTION: Final = "禾家超市周年庆全场满100减50，转发抽奖送购物卡，快来参加吧，错过再等一年！"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rumour:
    """A cascade and its text."""

    text: str
    events: tuple[float, ...]
    """Seconds after the post, up to a day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planted:
    """A rumour in the stream."""

    onset: datetime
    ids: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A post of the stream."""

    at: datetime
    text: str
    id: str


@dataclass(kw_only=True, slots=True)
class AlertLog:
    """Keeps the alerts with the time of the mention that raised them."""

    now: datetime
    raised: list[tuple[datetime, Alert]] = field(default_factory=list)

    def end(self, incident: str) -> None:
        """Ends are not logged."""

    async def merge(self, gone: str, kept: str) -> None:
        """Merges are not logged."""

    async def raise_alert(self, alert: Alert) -> bool:
        self.raised.append((self.now, alert))
        return True

    def called(self) -> Iterator[tuple[datetime, Alert]]:
        """Calls of staff: the first P1 or P2 of a key, and again after six hours of quiet."""
        last: dict[str, datetime] = {}
        for at, alert in self.raised:
            if alert.severity in ("P1", "P2"):
                if alert.key not in last or at - last[alert.key] > QUIET:
                    yield at, alert
                last[alert.key] = at


def repost(text: str, rng: random.Random) -> str:
    """A repost of the text, in one of six ways."""
    way = rng.randrange(6)
    mood = rng.choice(("[怒]", "[泪]", "😡", "！！！", "。。", "[抓狂]"))
    if way == 0:
        return text[: max(12, int(len(text) * rng.uniform(0.4, 0.9)))] + "..."
    if way == 1:
        return rng.choice(("求证！", "太可怕了，", "大家注意了，", "真的假的？", "帮转 ")) + text
    if way == 2:
        return (
            f"{rng.choice(('转', '求扩散', '天哪', '太过分了'))}//@用户{rng.randrange(9999)}:{text}"
        )
    if way == 3:
        return f"顶//@甲{rng.randrange(99)}:转发//@乙:{text}"
    if way == 4:
        place = rng.randrange(len(text) + 1)
        return text[:place] + mood + text[place:]
    return text + mood


@cache
def judge() -> TextJudge:
    """The judge of the example's configuration, as ``serve`` builds it."""
    loaded = load_config(CONFIG)
    return build_understanding(loaded.settings, loaded.folder).judge


def judged(texts: Iterable[str]) -> Mapping[str, Judgement]:
    """The judgement of every text judged so far, these included; each is judged once."""
    new = [text for text in dict.fromkeys(texts) if text not in _JUDGED]
    for place in range(0, len(new), _BATCH):
        part = new[place : place + _BATCH]
        _JUDGED.update(zip(part, judge().judge_now(part), strict=True))
    return _JUDGED


def base_stream(
    bins: Sequence[tuple[datetime, float]],
    pool: Sequence[str],
    rng: random.Random,
    *,
    whole: bool = False,
) -> Iterator[Said]:
    """The ordinary posts of a brand, ``whole`` or in two pieces of different posts each."""
    mean = sum(value for _, value in bins) / len(bins)
    texts = _endless(pool, rng)
    for start, value in bins:
        for number in range(sum(rng.random() < 1 / mean for _ in range(int(value)))):
            if whole:
                text = _NAME + next(texts)
            else:
                text = _NAME + "，".join(_piece(next(texts), rng) for _ in range(2))
            at = start + timedelta(seconds=rng.uniform(0, 300))
            yield Said(at=at, text=text, id=f"b{start:%m%d%H%M}{number}")


def plant(
    rumour: Rumour, onset: datetime, *, posts: int, name: str, rng: random.Random
) -> tuple[Planted, list[Said]]:
    """A rumour's first post at ``onset`` and its reposts, ``posts`` in all."""
    text = _NAME + rumour.text
    chosen = [0.0, *sorted(rng.sample(rumour.events, posts - 1))]
    said = [
        Said(
            at=onset + timedelta(seconds=second),
            text=repost(text, rng) if second else text,
            id=f"{name}-{number}",
        )
        for number, second in enumerate(chosen)
    ]
    return Planted(onset=onset, ids=frozenset(one.id for one in said)), said


def promotion(at: datetime, name: str, rng: random.Random) -> list[Said]:
    """Three hundred reposts of a promotion within two hours."""
    return [
        Said(
            at=at + timedelta(seconds=rng.uniform(0, 7200)),
            text=repost(_PROMOTION, rng),
            id=f"{name}-{number}",
        )
        for number in range(300)
    ]


def listen(
    stream: Sequence[Said], embedder: Embedder | None = None, claims: ClaimReader | None = None
) -> tuple[AlertLog, dict[str, str]]:
    """The alerts, and the incident of every post at its arrival.

    With an ``embedder`` every embedding is waited for, as in a stream slower than the model.
    ``claims``: reader of texts that are passed on; ``None`` to judge posts alone.
    """
    ordered = sorted(stream, key=lambda one: one.at)
    judgements = judged(one.text for one in ordered)
    clock = ManualClock(ordered[-1].at + timedelta(days=1))
    log = AlertLog(now=ordered[0].at)
    watch = SpreadWatch(
        log,
        store=MemorySpreadStore(),
        clock=clock,
        catalogue=shipped_catalogue(),
        names={BRAND: "禾家超市"},
        embedder=embedder,
        claims=claims,
    )
    homes: dict[str, str] = {}

    async def run() -> None:
        for seq, said in enumerate(ordered):
            log.now = said.at
            mention = _mention(seq, said, judgements[said.text])
            await watch.observe(mention)
            await watch.drain()  # measured as if the model had the time
            home = watch.incident_of(BRAND, mention)
            if home is not None:
                homes[said.id] = home
        await watch.close()

    asyncio.run(run())
    return log, homes


def found_within_an_hour(planted: Planted, log: AlertLog, homes: Mapping[str, str]) -> bool:
    """True if a P1 or P2 about it was raised in time; ``homes``: the incident of each post.

    An incident that was alerted before the rumour began does not count.
    """
    incidents = {homes[one] for one in planted.ids if one in homes}
    return any(
        planted.onset <= at <= planted.onset + HOUR and alert.incident in incidents
        for at, alert in log.called()
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Brand:
    """The ordinary stream of one brand."""

    start: datetime
    """Of what is counted, three days after the first post: the lanes learn what is usual."""
    end: datetime
    said: tuple[Said, ...]

    @property
    def weeks(self) -> float:
        """Length of what is counted."""
        return (self.end - self.start) / timedelta(weeks=1)


def ordinary_brand(
    bins: Sequence[tuple[datetime, float]],
    pool: Sequence[str],
    *,
    seed: int,
    whole: bool = False,
) -> Brand:
    """A brand with the volume of a series; see ``base_stream``."""
    return Brand(
        start=bins[0][0] + timedelta(days=3),
        end=bins[-1][0] - timedelta(days=1),
        said=tuple(base_stream(bins, pool, random.Random(seed), whole=whole)),
    )


def share_found(
    brand: Brand,
    rumours: Sequence[Rumour],
    *,
    posts: int,
    seed: int,
    embedder: Embedder | None = None,
    claims: ClaimReader | None = None,
) -> tuple[int, int]:
    """The number of rumours found in time, and of all; there is one every two days."""
    rng = random.Random(seed)
    stream = list(brand.said)
    planted: list[Planted] = []
    usable = [one for one in rumours if len(one.events) >= posts]
    onset = brand.start
    while onset < brand.end:
        name = f"r{len(planted)}"
        at = onset + timedelta(seconds=rng.uniform(0, 43_200))
        one, said = plant(rng.choice(usable), at, posts=posts, name=name, rng=rng)
        planted.append(one)
        stream += said
        onset += EVERY
    log, homes = listen(stream, embedder, claims)
    return sum(found_within_an_hour(one, log, homes) for one in planted), len(planted)


def benign_alerts(
    brand: Brand,
    harmless: Sequence[Rumour],
    *,
    seed: int,
    embedder: Embedder | None = None,
    claims: ClaimReader | None = None,
) -> int:
    """The number of P1 and P2 raised though nothing is wrong.

    Every two days a harmless cascade of 30 to 150 posts, every week a promotion.
    """
    rng = random.Random(seed)
    stream = list(brand.said)
    usable = [one for one in harmless if len(one.events) >= 150]
    number = 0
    onset = brand.start
    while onset < brand.end:
        posts = rng.randrange(30, 151)
        stream += plant(rng.choice(usable), onset, posts=posts, name=f"h{number}", rng=rng)[1]
        if number % 4 == 0:
            stream += promotion(onset + timedelta(hours=30), f"p{number}", rng)
        number += 1
        onset += EVERY
    log, _ = listen(stream, embedder, claims)
    return sum(at >= brand.start for at, _ in log.called())


def _endless(pool: Sequence[str], rng: random.Random) -> Iterator[str]:
    """The texts in random order, and again in another one when all have been used.

    Two people who say the same within the hour by chance would be a crisis of the draw's making.
    """
    while True:
        yield from rng.sample(pool, len(pool))


def _piece(text: str, rng: random.Random) -> str:
    start = rng.randrange(max(1, len(text) - 20))
    return text[start : start + rng.randrange(15, 40)]


def _mention(seq: int, said: Said, judgement: Judgement) -> Mention:
    return Mention(
        seq=seq,
        event=Event(
            channel="weibo",
            id=said.id,
            kind=EventKind.POST,
            author=Author(id=f"a{said.id}"),
            text=said.text,
            posted_at=said.at.astimezone(UTC),
            conversation=said.id,
        ),
        brands=(BRAND,),
        judgement=judgement,
        masked_text=said.text,
    )
