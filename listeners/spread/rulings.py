"""What staff say about incidents: that two are one, or that some posts are another matter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.incidents import Incident, TimelineEntry
from core.mentions import Mention
from listeners.spread.activity import heard
from listeners.spread.case import Case
from listeners.spread.incidents import Grouper
from listeners.spread.ledger import Ledger
from listeners.spread.ports import SpreadStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Mentions that are to be an incident of their own."""

    brand: str
    mentions: tuple[Mention, ...]
    sources: tuple[str, ...]
    """Ids of the incidents they were in."""


async def merge(
    kept_id: str, gone_id: str, by: str, *, ledger: Ledger, store: SpreadStore
) -> Incident:
    """Merge in the store; what was merged before leads on to what it was merged into.

    Raises KeyError for an incident that does not exist, ValueError for one and the same or for
    incidents of two brands.
    """
    kept, gone = await _living(kept_id, store), await _living(gone_id, store)
    if kept.id == gone.id:
        raise ValueError(f"{kept_id} and {gone_id} are one incident already")
    if kept.brand != gone.brand:
        raise ValueError(f"{kept_id} and {gone_id} belong to two brands")
    return await ledger.absorb(kept.id, gone.id, by=by)


async def part_of(seqs: Sequence[int], *, store: SpreadStore) -> Part:
    """The mentions, all of one brand. Raises KeyError where none belongs to an incident."""
    found = [one.mention for seq in dict.fromkeys(seqs) if (one := await store.mentions.get(seq))]
    sources = tuple(dict.fromkeys(one.incident for one in found if one.incident is not None))
    records = [record for id_ in sources if (record := await store.incidents.get(id_)) is not None]
    if not records:
        raise KeyError("none of these mentions belongs to an incident")
    brand = records[0].brand
    return Part(
        brand=brand,
        mentions=tuple(one for one in found if brand in one.brands),
        sources=tuple(record.id for record in records if record.brand == brand),
    )


def own_case(part: Part, by: str, *, at: datetime, grouper: Grouper) -> Case:
    """A case of these mentions alone; copies of them will follow it."""
    posts = sorted(
        (heard(part.brand, one, one.event.posted_at.timestamp()) for one in part.mentions),
        key=lambda post: post.at,
    )
    key = f"{part.brand}:split:{posts[0].seq}:{at:%Y%m%dT%H%M%S%fZ}"
    case = Case(key=key, brand=part.brand, title=posts[0].text, ruled=True)
    remembered = [post.key for post in posts if grouper.incident_of(post.key) is not None]
    if remembered:
        case.groups.add(grouper.split(remembered, brand=part.brand, into=key))
    for post in posts:
        case.activity.add(post, quiet=float("inf"))
        case.pending.append(post.seq)
    case.notes += [
        TimelineEntry(at=at, by=by, what="split", detail=source) for source in part.sources
    ]
    return case


def smaller(case: Case, made: str, by: str, at: datetime) -> Callable[[Incident], Incident]:
    """The change to an incident that a case was split from, ``made`` being the new one's id."""

    def change(stored: Incident) -> Incident:
        return replace(
            stored,
            mentions=max(0, stored.mentions - case.activity.count),
            authors=max(0, stored.authors - len(case.activity.authors)),
            timeline=(*stored.timeline, TimelineEntry(at=at, by=by, what="split", detail=made)),
        )

    return change


async def _living(id_: str, store: SpreadStore) -> Incident:
    seen: set[str] = set()
    found = await store.incidents.get(id_)
    while found is not None and found.merged_into is not None and found.id not in seen:
        seen.add(found.id)
        found = await store.incidents.get(found.merged_into)
    if found is None:
        raise KeyError(id_)
    return found
