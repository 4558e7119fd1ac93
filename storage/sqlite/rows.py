"""Everything in the file, as the rows of ``storage.portable``, and sealing it anew."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from core.clock import micros, moment
from core.model.conversations import Conversation, ConversationLine
from core.model.events import Event
from core.model.outbox import Reply
from core.model.tickets import Ticket
from storage.encoding import key_of
from storage.portable import BATCH, KINDS, SEALED, SEALED_KINDS, Progress, Row, Value
from storage.records import StoredMention
from storage.sqlite import tickets
from storage.sqlite.conversations import conversation_of
from storage.sqlite.engine import index
from storage.sqlite.engine.connection import Row as Place
from storage.sqlite.engine.connection import SqliteTx, View
from storage.sqlite.engine.database import SqliteDatabase
from storage.sqlite.events import note_day
from storage.sqlite.outbox import reply_of

_KEYS: Final = {
    "conversations": ("channel", "id"),
    "deliveries": ("alert", "receiver"),
}
"""Fields that name a row, where it is not the first of its kind."""
_ROW_IDS: Final = {
    "conversations": ("channel", "id"),
    "tickets": ("id",),
    "replies": ("id",),
    "alerts": ("id",),
}
"""Columns that name a row to seal anew, where it is not the first field of its kind."""
_BESIDE: Final = {"conversations": ("updated_at",), "replies": ("native",)}
"""Columns that count for more than what the body says, by kind; moved rows have it in the body."""
_SOURCE: Final = {
    "replies": "(SELECT id AS place, * FROM replies)",
    "alerts": "(SELECT id AS place, * FROM alerts)",
    "lines": "(SELECT '' AS direction, * FROM lines)",
    "deliveries": (
        "(SELECT a.key AS alert, d.receiver, d.due, d.delivered, d.reason"
        " FROM deliveries d JOIN alerts a ON a.id = d.alert)"
    ),
}
_SEQUENCES: Final = {
    "event": "events",
    "line": "lines",
    "dead_letter": "dead_letters",
    "reply": "replies",
    "alert": "alerts",
}
"""Tables that number their rows, by the name of the number."""


class SqliteRows:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def read(self, kind: str) -> AsyncIterator[list[Row]]:
        last: Row | None = None
        while found := await self._db.read(_reading(kind, last)):
            yield found
            last = found[-1]

    async def write(self, kind: str, rows: Sequence[Row]) -> None:
        writer = _WRITERS.get(kind, _as_it_is)

        def work(tx: SqliteTx) -> None:
            for row in rows:
                writer(tx, kind, row)

        await self._db.write(work)

    async def count(self, kind: str) -> int:
        def query(view: View) -> int:
            if kind == "numbers":
                return len(_numbers(view))
            (found,) = view.db.execute(f"SELECT count(*) FROM {kind}").fetchone()  # noqa: S608 - a key of KINDS
            n: int = found
            return n

        return await self._db.read(query)

    async def reseal(self, tell: Callable[[Progress], None]) -> int:
        total = 0
        for kind in SEALED_KINDS:
            rows, done = await self.count(kind), 0
            after: Place | None = None
            while True:
                looked, sealed, after = await self._db.write(_sealing(kind, after))
                done, total = done + looked, total + sealed
                tell(Progress(kind=kind, done=done, total=max(rows, done)))
                if after is None:
                    break
        await self._db.truncate_log()
        return total


def _reading(kind: str, after: Row | None) -> Callable[[View], list[Row]]:
    """Reads the next rows of a kind; ``after`` is the last row before them."""
    fields = KINDS[kind]
    columns = ", ".join((*fields, *_BESIDE.get(kind, ())))
    whole = _WHOLE.get(kind)
    keys = _KEYS.get(kind, fields[:1])
    where, values = "", []
    if after is not None:
        where = f"WHERE ({', '.join(keys)}) > ({', '.join('?' for _ in keys)})"
        values = [after[fields.index(key)] for key in keys]

    def query(view: View) -> list[Row]:
        if kind == "numbers":
            return [] if after else _numbers(view)
        rows = view.db.execute(
            f"SELECT {columns} FROM {_SOURCE.get(kind, kind)} {where}"  # noqa: S608 - made of literals of this file
            f" ORDER BY {', '.join(keys)} LIMIT {BATCH}",
            values,
        ).fetchall()
        return rows if whole is None else [whole(view, row) for row in rows]

    return query


def _whole_line(view: View, row: Row) -> Row:
    """A line with its direction."""
    *start, _, body = row
    assert isinstance(body, bytes)  # noqa: S101 - the field's type, for the type checker
    return (*start, view.coder.load(ConversationLine, body).direction, body)


def _whole_conversation(view: View, row: Row) -> Row:
    """A conversation whose body has the time that stands beside it."""
    *start, body, updated_at = row
    assert isinstance(body, bytes)  # noqa: S101
    assert isinstance(updated_at, int)  # noqa: S101
    found = conversation_of(view, body, updated_at)
    same = view.coder.load(Conversation, body) == found
    return (*start, body if same else view.coder.dump(found))


def _whole_reply(view: View, row: Row) -> Row:
    """A reply whose body has the state and the id that stand beside it."""
    *start, body, native = row
    state = dict(zip(KINDS["replies"], row, strict=False))["state"]
    assert isinstance(body, bytes)  # noqa: S101
    assert isinstance(native, bytes | None)  # noqa: S101
    found = reply_of(view, body, str(state), native)
    same = view.coder.load(Reply, body) == found
    return (*start, body if same else view.coder.dump(found))


_WHOLE: Final[dict[str, Callable[[View, Row], Row]]] = {
    "lines": _whole_line,
    "conversations": _whole_conversation,
    "replies": _whole_reply,
}


def _sealing(kind: str, after: Place | None) -> Callable[[SqliteTx], tuple[int, int, Place | None]]:
    """Seals one batch after a place anew where it is not under the newest key.

    The work returns how many rows it looked at, how many it sealed, and the next place.
    """
    fields = KINDS[kind]
    sealed = [field for field in fields if field in SEALED]
    if kind == "replies":
        sealed.append("native")
    keys = _ROW_IDS.get(kind, fields[:1])
    names, marks = ", ".join(keys), ", ".join("?" for _ in keys)
    where = "" if after is None else f"WHERE ({names}) > ({marks})"

    def work(tx: SqliteTx) -> tuple[int, int, Place | None]:
        rows = tx.db.execute(
            f"SELECT {names}, {', '.join(sealed)} FROM {kind} {where}"  # noqa: S608 - made of literals of this package
            f" ORDER BY {names} LIMIT {BATCH}",
            after or (),
        ).fetchall()
        stale = []
        for row in rows:
            place, old = row[: len(keys)], row[len(keys) :]
            new = tuple(_sealed_anew(tx, value) for value in old)
            if new != old:
                stale.append((*new, *place))
        tx.db.executemany(
            f"UPDATE {kind} SET {', '.join(f'{name} = ?' for name in sealed)}"  # noqa: S608 - made of literals of this package
            f" WHERE ({names}) = ({marks})",
            stale,
        )
        return len(rows), len(stale), rows[-1][: len(keys)] if len(rows) == BATCH else None

    return work


def _sealed_anew(tx: SqliteTx, value: bytes | None) -> bytes | None:
    if value is None or tx.coder.is_fresh(value):
        return value
    return tx.coder.seal(tx.coder.open(value))


def _numbers(view: View) -> list[Row]:
    found: list[Row] = view.db.execute("SELECT name, last FROM numbers").fetchall()
    for name, table in _SEQUENCES.items():
        (last,) = view.db.execute(
            f"SELECT max(coalesce((SELECT max(rowid) FROM {table}), 0),"  # noqa: S608 - a literal of this file
            " coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0))",
            (table,),
        ).fetchone()
        found.append((name, last))
    return sorted(found, key=str)


def _as_it_is(tx: SqliteTx, kind: str, row: Row) -> bool:
    return _insert(tx, kind, dict(zip(KINDS[kind], row, strict=True)))


def _insert(tx: SqliteTx, table: str, values: dict[str, Value]) -> bool:
    marks = ", ".join("?" for _ in values)
    done = tx.db.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608 - names are literals of this package
        tuple(values.values()),
    )
    return done.rowcount > 0


def _mention(tx: SqliteTx, kind: str, row: Row) -> bool:
    values = dict(zip(KINDS[kind], row, strict=True))
    seq, posted, body = row[0], row[1], row[5]
    assert isinstance(body, bytes)  # noqa: S101 - the fields' types, for the type checker
    judged = tx.coder.load(StoredMention, body)
    values["incident"] = None if judged.incident is None else key_of(judged.incident)
    if not _insert(tx, kind, values):
        return False
    (event,) = tx.db.execute("SELECT body FROM events WHERE seq = ?", (seq,)).fetchone()
    assert isinstance(seq, int)  # noqa: S101
    assert isinstance(posted, int)  # noqa: S101
    mention = judged.mention(seq, tx.coder.load(Event, event))
    note_day(tx, moment(posted), seq)
    index.add_mention(tx, mention)
    return True


def _ticket(tx: SqliteTx, kind: str, row: Row) -> bool:
    number, origin, body = row
    assert isinstance(body, bytes)  # noqa: S101
    if tx.db.execute("SELECT 1 FROM tickets WHERE number = ?", (number,)).fetchone():
        return False
    tickets.insert(tx, tx.coder.load(Ticket, body), origin, body=body)
    return True


def _numbered(tx: SqliteTx, kind: str, row: Row) -> bool:
    values = dict(zip(KINDS[kind], row, strict=True))
    return _insert(tx, kind, {"id": values.pop("place"), **values})


def _conversation(tx: SqliteTx, kind: str, row: Row) -> bool:
    values = dict(zip(KINDS[kind], row, strict=True))
    body = values["body"]
    assert isinstance(body, bytes)  # noqa: S101
    updated = micros(tx.coder.load(Conversation, body).updated_at)
    return _insert(tx, kind, values | {"updated_at": updated})


def _line(tx: SqliteTx, kind: str, row: Row) -> bool:
    values = dict(zip(KINDS[kind], row, strict=True))
    del values["direction"]
    return _insert(tx, kind, values)


def _delivery(tx: SqliteTx, kind: str, row: Row) -> bool:
    values = dict(zip(KINDS[kind], row, strict=True))
    (alert,) = tx.db.execute("SELECT id FROM alerts WHERE key = ?", (row[0],)).fetchone()
    return _insert(tx, kind, values | {"alert": alert})


def _number(tx: SqliteTx, kind: str, row: Row) -> bool:
    name, last = row
    if name not in _SEQUENCES:
        tx.db.execute(
            "INSERT INTO numbers (name, last) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)",
            (name, last),
        )
        return True
    table = _SEQUENCES[str(name)]
    done = tx.db.execute(
        "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, table)
    )
    if not done.rowcount and table in ("events", "lines", "dead_letters"):
        tx.db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))
    return True


_WRITERS: Final[dict[str, Callable[[SqliteTx, str, Row], bool]]] = {
    "mentions": _mention,
    "conversations": _conversation,
    "tickets": _ticket,
    "replies": _numbered,
    "alerts": _numbered,
    "lines": _line,
    "deliveries": _delivery,
    "numbers": _number,
}
