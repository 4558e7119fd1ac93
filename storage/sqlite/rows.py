"""The SQLite store's rows in the form of ``storage.portable``."""

from collections.abc import Callable, Sequence
from typing import Final

from core.clock import micros
from core.conversations import Conversation, ConversationLine
from core.events import Event
from core.tickets import Ticket
from storage.encoding import key_of
from storage.portable import BATCH, KINDS, Row, Value
from storage.records import DAY, Judged, mention_words, search_filters
from storage.sqlite import tickets
from storage.sqlite.work import Tx, View

_KEYS: Final = {
    "conversations": ("channel", "id"),
    "deliveries": ("alert", "receiver"),
}
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


def read(view: View, kind: str, after: Row | None) -> list[Row]:
    """The next rows of a kind; ``after`` is the last row before them."""
    fields = KINDS[kind]
    if kind == "numbers":
        return [] if after else _numbers(view)
    keys = _KEYS.get(kind, fields[:1])
    where, values = "", []
    if after is not None:
        where = f"WHERE ({', '.join(keys)}) > ({', '.join('?' for _ in keys)})"
        values = [after[fields.index(key)] for key in keys]
    rows = view.db.execute(
        f"SELECT {', '.join(fields)} FROM {_SOURCE.get(kind, kind)} {where}"  # noqa: S608 - made of literals of this file
        f" ORDER BY {', '.join(keys)} LIMIT {BATCH}",
        values,
    ).fetchall()
    if kind == "lines":
        return [
            (*row[:4], view.coder.load(ConversationLine, row[5]).direction, row[5]) for row in rows
        ]
    return rows


def count(view: View, kind: str) -> int:
    """How many rows of a kind there are."""
    if kind == "numbers":
        return len(_numbers(view))
    (found,) = view.db.execute(f"SELECT count(*) FROM {kind}").fetchone()  # noqa: S608 - a key of KINDS
    n: int = found
    return n


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


def write(tx: Tx, kind: str, rows: Sequence[Row]) -> None:
    """Store rows; those that are there already stay as they are."""
    for row in rows:
        _WRITERS.get(kind, _plain)(tx, kind, row)


def _plain(tx: Tx, kind: str, row: Row) -> bool:
    return _insert(tx, kind, dict(zip(KINDS[kind], row, strict=True)))


def _insert(tx: Tx, table: str, values: dict[str, Value]) -> bool:
    marks = ", ".join("?" for _ in values)
    done = tx.db.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608 - names are literals of this package
        tuple(values.values()),
    )
    return done.rowcount > 0


def _mention(tx: Tx, kind: str, row: Row) -> bool:
    values = dict(zip(KINDS[kind], row, strict=True))
    seq, posted, body = row[0], row[1], row[5]
    assert isinstance(body, bytes)  # noqa: S101 - the fields' types, for the type checker
    judged = tx.coder.load(Judged, body)
    values["incident"] = None if judged.incident is None else key_of(judged.incident)
    if not _insert(tx, kind, values):
        return False
    (event,) = tx.db.execute("SELECT body FROM events WHERE seq = ?", (seq,)).fetchone()
    assert isinstance(seq, int)  # noqa: S101
    assert isinstance(posted, int)  # noqa: S101
    mention = judged.mention(seq, tx.coder.load(Event, event))
    note_day(tx, posted, seq)
    tx.index(
        "INSERT INTO mentions_index (rowid, words, filters) VALUES (?, ?, ?)",
        (seq, mention_words(mention), " ".join(search_filters(mention))),
    )
    return True


def note_day(tx: Tx, posted: int, seq: int) -> None:
    """Note where in the numbering the mentions of a day lie."""
    tx.db.execute(
        "INSERT INTO days (day, first, last) VALUES (?1, ?2, ?2) ON CONFLICT (day) DO UPDATE"
        " SET first = min(first, excluded.first), last = max(last, excluded.last)",
        (posted // DAY, seq),
    )


def _ticket(tx: Tx, kind: str, row: Row) -> bool:
    number, origin, body = row
    assert isinstance(body, bytes)  # noqa: S101
    if tx.db.execute("SELECT 1 FROM tickets WHERE number = ?", (number,)).fetchone():
        return False
    tickets.insert(tx, tx.coder.load(Ticket, body), origin, body=body)
    return True


def _numbered(tx: Tx, kind: str, row: Row) -> bool:
    values = dict(zip(KINDS[kind], row, strict=True))
    return _insert(tx, kind, {"id": values.pop("place"), **values})


def _conversation(tx: Tx, kind: str, row: Row) -> bool:
    values = dict(zip(KINDS[kind], row, strict=True))
    body = values["body"]
    assert isinstance(body, bytes)  # noqa: S101
    updated = micros(tx.coder.load(Conversation, body).updated_at)
    return _insert(tx, kind, values | {"updated_at": updated})


def _line(tx: Tx, kind: str, row: Row) -> bool:
    values = dict(zip(KINDS[kind], row, strict=True))
    del values["direction"]
    return _insert(tx, kind, values)


def _delivery(tx: Tx, kind: str, row: Row) -> bool:
    values = dict(zip(KINDS[kind], row, strict=True))
    (alert,) = tx.db.execute("SELECT id FROM alerts WHERE key = ?", (row[0],)).fetchone()
    return _insert(tx, kind, values | {"alert": alert})


def _number(tx: Tx, kind: str, row: Row) -> bool:
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


_WRITERS: Final[dict[str, Callable[[Tx, str, Row], bool]]] = {
    "mentions": _mention,
    "conversations": _conversation,
    "tickets": _ticket,
    "replies": _numbered,
    "alerts": _numbered,
    "lines": _line,
    "deliveries": _delivery,
    "numbers": _number,
}
