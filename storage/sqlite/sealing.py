"""Sealing what was written under an older key anew, batch by batch."""

from typing import Final

from storage.portable import KINDS, SEALED
from storage.sqlite.work import Row, Tx

BATCH: Final = 500
_KEYS: Final = {
    "conversations": ("channel", "id"),
    "tickets": ("id",),
    "replies": ("id",),
    "alerts": ("id",),
}
"""Columns that name a row, where they are not the first field of its kind."""

Place = Row | None


def reseal(tx: Tx, kind: str, after: Place) -> tuple[int, int, Place]:
    """Seal one batch after a place anew where it is not under the newest key.

    Returns how many rows were looked at, how many of them were sealed anew, and the next place.
    """
    fields = KINDS[kind]
    (column,) = (field for field in fields if field in SEALED)
    keys = _KEYS.get(kind, fields[:1])
    names, marks = ", ".join(keys), ", ".join("?" for _ in keys)
    where = "" if after is None else f"WHERE ({names}) > ({marks})"
    rows = tx.db.execute(
        f"SELECT {names}, {column} FROM {kind} {where} ORDER BY {names} LIMIT {BATCH}",  # noqa: S608 - made of literals of this package
        after or (),
    ).fetchall()
    stale = [row for row in rows if row[-1] is not None and not tx.coder.is_fresh(row[-1])]
    tx.db.executemany(
        f"UPDATE {kind} SET {column} = ? WHERE ({names}) = ({marks})",  # noqa: S608 - made of literals of this package
        [(tx.coder.seal(tx.coder.open(row[-1])), *row[:-1]) for row in stale],
    )
    return len(rows), len(stale), rows[-1][:-1] if len(rows) == BATCH else None
