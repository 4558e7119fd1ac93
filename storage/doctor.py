"""Findings of the doctor, the same for every database."""

from core.model.events import AGED, EventCounts
from core.model.health import Finding


def wrong_counts(counted: EventCounts, found: EventCounts, *, mend: bool) -> list[Finding]:
    """A finding for each counter that differs from the rows."""
    names = ("received", "done", "pending", "dead")
    pairs = {name: (getattr(counted, name), getattr(found, name)) for name in names}
    for reason in sorted(counted.dropped.keys() | found.dropped.keys()):
        pairs[f"dropped:{reason}"] = (counted.dropped.get(reason, 0), found.dropped.get(reason, 0))
    return [
        Finding(
            check="counts",
            what=f"{name} was counted as {was}, but there are {really}",
            mended=mend,
            remedy="" if mend else "Let the doctor mend it while nothing else writes.",
        )
        for name, (was, really) in pairs.items()
        if was != really
    ]


def recount(rows: dict[str, int], counted: EventCounts) -> EventCounts:
    """The counts by rows: ``done``, ``pending``, ``dead`` and ``dropped:REASON``.

    Duplicates leave no row, nor does what aged out unread: both are taken as counted.
    """
    dropped = {
        name.removeprefix("dropped:"): n
        for name, n in rows.items()
        if name.startswith("dropped:") and n
    }
    for reason in ("duplicate", AGED):
        if counted.dropped.get(reason):
            dropped[reason] = counted.dropped[reason]
    done, pending, dead = (rows.get(name, 0) for name in ("done", "pending", "dead"))
    return EventCounts(
        received=done + pending + dead + sum(dropped.values()),
        done=done,
        pending=pending,
        dead=dead,
        dropped=dropped,
    )


def broken_log(seq: int | None) -> list[Finding]:
    """The finding about a changed audit log; ``seq`` as ``core.model.audit.first_broken`` gives."""
    if seq is None:
        return []
    return [
        Finding(
            check="audit",
            what=f"the audit log was changed at entry {seq}, or an entry before it is missing",
            mended=False,
            remedy="Compare it with a backup: somebody wrote to the store beside Tingfeng.",
        )
    ]


def lost(what: str, *, mend: bool) -> list[Finding]:
    """The finding about what was acknowledged and is not there; ``what`` says how much.

    Nothing brings it back but a backup: mending it means taking note of it, in the audit log.
    """
    return [
        Finding(
            check="missing",
            what=what,
            mended=mend,
            remedy=""
            if mend
            else "Check the disk, and copy a store only with its -wal file. Restore the latest "
            "backup if it holds more; then take note of the loss with --mend.",
        )
    ]


def stuck(what: str, number: int, *, mend: bool) -> list[Finding]:
    """The finding about rows that dead processes hold."""
    if not number:
        return []
    return [
        Finding(
            check="stuck",
            what=f"{number} {what} held by a dead process",
            mended=mend,
            remedy="" if mend else "Let the doctor release them, or start Tingfeng.",
        )
    ]


def orphans(what: str, number: int, *, mend: bool) -> list[Finding]:
    """The finding about rows with a dangling reference; ``what`` names them."""
    if not number:
        return []
    return [
        Finding(
            check="orphans",
            what=f"{number} {what}",
            mended=mend,
            remedy="" if mend else "Let the doctor take out what refers to nothing.",
        )
    ]
