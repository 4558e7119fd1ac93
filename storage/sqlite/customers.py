"""The data of one customer: found, exported, erased."""

import sqlite3
from collections.abc import Iterable
from functools import partial
from typing import Final

from core.model.alerts import Alert
from core.model.audit import pseudonym
from core.model.conversations import ConversationLine
from core.model.customers import (
    ERASED,
    Dossier,
    names,
    pause_without_quotes,
    said,
    tombstone,
    without_quotes,
)
from core.model.events import Event
from core.model.incidents import Incident
from core.model.mentions import Correction, TrackedPost
from core.model.pauses import Pause
from core.model.tickets import Ticket
from storage.encoding import key_of, text_of
from storage.records import DROPPED, counter_of
from storage.sqlite.audit import note
from storage.sqlite.conversations import conversation_of, thread_of
from storage.sqlite.engine import index
from storage.sqlite.engine.connection import SqliteTx, View
from storage.sqlite.engine.database import SqliteDatabase
from storage.sqlite.mentions import read_mentions
from storage.sqlite.outbox import COLUMNS, reply_of

PAGES: Final = 500
"""Of an index that are rewritten in one transaction."""


class SqliteCustomers:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def export(self, customer: str) -> Dossier:
        return await self._db.read(lambda view: _Found(view, customer).dossier(view))

    async def erase(self, customer: str, *, by: str) -> dict[str, int]:
        done = await self._db.write(lambda tx: _erase(tx, customer, by))
        first = True
        while await self._db.write(partial(index.rewrite, pages=PAGES, first=first)) or first:
            first = False
        await self._db.truncate_log()
        return done


class _Found:
    """Rows about a customer."""

    def __init__(self, view: View, customer: str) -> None:
        ask, load = view.db.execute, view.coder.load
        who = view.coder.who(customer)
        self.events = ask(
            "SELECT seq, body, state, reason FROM events WHERE author = ?", (who,)
        ).fetchall()
        self.seqs = [row[0] for row in self.events]
        self.conversations = ask(
            "SELECT channel, id, body, updated_at FROM conversations WHERE customer = ?", (who,)
        ).fetchall()
        events = [load(Event, row[1]) for row in self.events]
        threads = {
            thread_of(view, event.channel, event.conversation)
            for event in events
            if not event.public
        }
        threads |= {row[:2] for row in self.conversations}
        in_thread = "channel = ? AND conversation = ?"
        self.lines = _unique(
            [
                *(ask(f"SELECT seq, body FROM lines WHERE {in_thread}", each) for each in threads),  # noqa: S608 - a literal above
                *(
                    ask(
                        f"SELECT seq, body FROM lines WHERE {in_thread} AND native = ?",  # noqa: S608 - a literal above
                        (*thread_of(view, event.channel, event.conversation), key_of(event.id)),
                    )
                    for event in events
                ),
            ]
        )
        self.tickets = _unique(
            [
                ask("SELECT id, body FROM tickets WHERE customer = ?", (who,)),
                *(ask(f"SELECT id, body FROM tickets WHERE {in_thread}", each) for each in threads),  # noqa: S608 - a literal above
            ]
        )
        found = f"SELECT id, {COLUMNS} FROM replies WHERE"  # noqa: S608 - a literal
        self.replies = {
            row: reply_of(view, *columns)
            for rows in (
                *(ask(f"{found} {in_thread}", each) for each in threads),
                *(ask(f"{found} mention = ?", (seq,)) for seq in self.seqs),
            )
            for row, *columns in rows
        }
        self.corrections, self.tracked = (
            _unique(
                ask(f"SELECT mention, body FROM {table} WHERE mention = ?", (seq,))  # noqa: S608 - literals
                for seq in self.seqs
            )
            for table in ("corrections", "tracked")
        )
        wanted = names(events, customer)
        self.rejects = {
            row: view.coder.open(raw)
            for row, raw in ask("SELECT id, raw FROM dead_letters WHERE seq IS NULL")
            if any(name in view.coder.open(raw) for name in wanted)
        }

    def dossier(self, view: View) -> Dossier:
        load = view.coder.load
        return Dossier(
            events=tuple(load(Event, row[1]) for row in self.events),
            mentions=tuple(read_mentions(view, self.seqs)),
            conversations=tuple(conversation_of(view, *row[2:]) for row in self.conversations),
            lines=tuple(load(ConversationLine, body) for body in self.lines.values()),
            tickets=tuple(load(Ticket, body) for body in self.tickets.values()),
            replies=tuple(self.replies.values()),
            corrections=tuple(load(Correction, body) for body in self.corrections.values()),
            tracked=tuple(load(TrackedPost, body) for body in self.tracked.values()),
            rejects=tuple(self.rejects.values()),
        )


def _unique(results: Iterable[sqlite3.Cursor]) -> dict[int, bytes]:
    """Bodies by the number of their row."""
    return {row[0]: row[1] for rows in results for row in rows}


def _erase(tx: SqliteTx, customer: str, by: str) -> dict[str, int]:
    found = _Found(tx, customer)
    dossier = found.dossier(tx)
    _take_out_quotes(tx, said(dossier.mentions))
    for mention in dossier.mentions:
        index.remove_mention(tx, mention)
    for row, body in found.tickets.items():
        index.remove_ticket(tx, row, tx.coder.load(Ticket, body))
    for seq, body, state, reason in found.events:
        buried = tx.coder.dump(tombstone(tx.coder.load(Event, body)))
        tx.db.execute(
            "UPDATE events SET author = '', state = ?, owner = 0, reason = ?, body = ?"
            " WHERE seq = ?",
            (DROPPED, ERASED, buried, seq),
        )
        tx.count(counter_of(state, None if reason is None else text_of(reason)), -1)
        tx.count(f"dropped:{ERASED}", 1)
    many, seqs = tx.db.executemany, [(seq,) for seq in found.seqs]
    for table in ("corrections", "tracked"):
        many(f"DELETE FROM {table} WHERE mention = ?", seqs)  # noqa: S608 - literals
    for table in ("mentions", "dead_letters"):
        many(f"DELETE FROM {table} WHERE seq = ?", seqs)  # noqa: S608 - literals
    many("DELETE FROM dead_letters WHERE id = ?", [(row,) for row in found.rejects])
    tx.count("dead", -len(found.rejects))
    tx.count("received", -len(found.rejects))
    many(
        "DELETE FROM conversations WHERE channel = ? AND id = ?",
        [row[:2] for row in found.conversations],
    )
    many("DELETE FROM lines WHERE seq = ?", [(row,) for row in found.lines])
    many("DELETE FROM tickets WHERE id = ?", [(row,) for row in found.tickets])
    many("DELETE FROM replies WHERE id = ?", [(row,) for row in found.replies])
    note(tx, who=by, what="erase", about=pseudonym(customer))
    return dossier.size


def _take_out_quotes(tx: SqliteTx, texts: frozenset[str]) -> None:
    for row, body in tx.db.execute("SELECT id, body FROM alerts").fetchall():
        alert = without_quotes(tx.coder.load(Alert, body), texts)
        if alert is not None:
            tx.db.execute("UPDATE alerts SET body = ? WHERE id = ?", (tx.coder.dump(alert), row))
    for row, body in tx.db.execute("SELECT id, body FROM incidents").fetchall():
        incident = without_quotes(tx.coder.load(Incident, body), texts)
        if incident is not None:
            tx.db.execute(
                "UPDATE incidents SET body = ? WHERE id = ?", (tx.coder.dump(incident), row)
            )
    for row, body in tx.db.execute("SELECT id, body FROM freezes").fetchall():
        pause = pause_without_quotes(tx.coder.load(Pause, body), texts)
        if pause is not None:
            tx.db.execute("UPDATE freezes SET body = ? WHERE id = ?", (tx.coder.dump(pause), row))
