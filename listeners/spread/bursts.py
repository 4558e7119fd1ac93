"""Whose a burst of the brand lane is: that of a known case, or of one that begins with it."""

from collections import Counter
from typing import Final

from listeners.spread.activity import BrandPost, negativity
from listeners.spread.bursts.baseline import BackgroundVolume
from listeners.spread.bursts.brand_lane import BrandLane, Burst
from listeners.spread.incidents import wording
from listeners.spread.incidents.alarms import crowded
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.index import IncidentIndex
from listeners.spread.incidents.severity import NEGATIVE_SHARE

_MOSTLY: Final = 0.5
"""A burst of which one case is this much is that case's."""


class Bursts:
    """The brand lanes, and whose their bursts are."""

    def __init__(self, book: IncidentIndex, *, enough: int) -> None:
        """``enough``: so many people make a crisis."""
        self._book = book
        self._enough = enough
        self._lanes: dict[tuple[str, str], BrandLane] = {}

    def hear(
        self, brand: str, post: BrandPost, *, now: float, loud: BackgroundVolume
    ) -> TrackedIncident | None:
        """Count a post; the case of the burst that ends with it, if one does."""
        lane = self._lanes.setdefault((brand, post.channel), BrandLane())
        burst = lane.add(post, now=now)
        if burst is None:
            return None
        return case_of_burst(burst, self._book, brand=brand, enough=self._enough, loud=loud)


def case_of_burst(
    burst: Burst, book: IncidentIndex, *, brand: str, enough: int, loud: BackgroundVolume
) -> TrackedIncident | None:
    """The case of a burst, marked as such; ``None`` where too few people are behind it."""
    bad = [post for post in burst.posts if post.bad]
    if len({post.author for post in bad}) < enough:
        return None
    owners = Counter(case for post in bad if (case := book.of_post(post.key)) is not None)
    for case, count in owners.most_common(1):
        if count >= _MOSTLY * len(bad):
            case.burst = True
            return case
    alone = [post for post in burst.posts if not _told_of(post, book)]
    rest = [post for post in alone if post.bad]
    if negativity(alone) < NEGATIVE_SHARE:
        return None
    if not crowded(rest, enough=enough, loud=loud.times_usual(len(rest))):
        return None
    channel = rest[0].channel
    titles = wording.title_of_burst(channel)
    case = TrackedIncident(
        key=f"{brand}:volume:{channel}:{burst.at:%Y%m%dT%H%M%SZ}",
        brand=brand,
        title=titles[0].title,
        titles=titles,
        burst=True,
    )
    book.add(case)
    book.move({post.key for post in rest}, case)
    return case


def _told_of(post: BrandPost, book: IncidentIndex) -> bool:
    case = book.of_post(post.key)
    return case is not None and case.told is not None
