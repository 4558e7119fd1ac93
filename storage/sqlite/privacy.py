"""One customer's data in SQLite: found, shown, erased."""

import sqlite3
from collections.abc import Iterable, Sequence

from core.alerts import Alert
from core.audit import AuditEntry, next_entry, pseudonym
from core.clock import micros, moment
from core.conversations import Conversation, ConversationLine
from core.customers import (
    ERASED,
    Dossier,
    names,
    pause_without_quotes,
    said,
    tombstone,
    without_quotes,
)
from core.events import Event
from core.incidents import Incident
from core.mentions import Correction, Mention, TrackedPost
from core.outbox import Reply
from core.pauses import Pause
from core.tickets import Ticket
from storage.encoding import key_of, text_of
from storage.portable import KINDS, audit_entry
from storage.records import Judged, mention_words, search_filters, ticket_words
from storage.sqlite.schema import DEAD, DONE, DROPPED, PENDING
from storage.sqlite.work import Row, Tx, View

_STATES = {PENDING: "pending", DONE: "done", DEAD: "dead"}


class Found:
    """Rows about a customer."""

    def __init__(self, view: View, customer: str) -> None:
        ask, load = view.db.execute, view.coder.load
        who = view.coder.who(customer)
        self.events = ask(
            "SELECT seq, body, state, reason FROM events WHERE author = ?", (who,)
        ).fetchall()
        self.seqs = [row[0] for row in self.events]
        self.threads = {
            (key_of(event.channel), view.coder.who(event.conversation))
            for event in (load(Event, row[1]) for row in self.events)
            if not event.public
        }
        self.conversations = ask(
            "SELECT channel, id, body FROM conversations WHERE customer = ?", (who,)
        ).fetchall()
        self.threads |= {row[:2] for row in self.conversations}
        self.lines = _unique(
            ask("SELECT seq, body FROM lines WHERE channel = ? AND conversation = ?", thread)
            for thread in self.threads
        )
        self.tickets = _unique(
            [
                ask("SELECT id, body FROM tickets WHERE customer = ?", (who,)),
                *(
                    ask("SELECT id, body FROM tickets WHERE channel = ? AND conversation = ?", each)
                    for each in self.threads
                ),
            ]
        )
        self.replies = _unique(
            [
                *(
                    ask("SELECT id, body FROM replies WHERE channel = ? AND conversation = ?", each)
                    for each in self.threads
                ),
                *(ask("SELECT id, body FROM replies WHERE mention = ?", (s,)) for s in self.seqs),
            ]
        )
        events = [load(Event, row[1]) for row in self.events]
        for event in events:
            place = (key_of(event.channel), view.coder.who(event.conversation), key_of(event.id))
            self.lines |= _unique(
                [
                    ask(
                        "SELECT seq, body FROM lines"
                        " WHERE channel = ? AND conversation = ? AND native = ?",
                        place,
                    )
                ]
            )
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


def _unique(results: Iterable[sqlite3.Cursor]) -> dict[int, bytes]:
    """Bodies by the number of their row."""
    return {row[0]: row[1] for rows in results for row in rows}


def export(view: View, customer: str) -> Dossier:
    """Everything the store holds about a customer."""
    found, load = Found(view, customer), view.coder.load
    return Dossier(
        events=tuple(load(Event, row[1]) for row in found.events),
        mentions=tuple(_mentions(view, found.seqs).values()),
        conversations=tuple(load(Conversation, row[2]) for row in found.conversations),
        lines=tuple(load(ConversationLine, body) for body in found.lines.values()),
        tickets=tuple(load(Ticket, body) for body in found.tickets.values()),
        replies=tuple(load(Reply, body) for body in found.replies.values()),
        corrections=tuple(load(Correction, body) for body in found.corrections.values()),
        tracked=tuple(load(TrackedPost, body) for body in found.tracked.values()),
        rejects=tuple(found.rejects.values()),
    )


def _mentions(view: View, seqs: Sequence[int]) -> dict[int, Mention]:
    found = {}
    for seq in seqs:
        row = view.db.execute(
            "SELECT m.body, e.body FROM mentions m JOIN events e ON e.seq = m.seq WHERE m.seq = ?",
            (seq,),
        ).fetchone()
        if row:
            event = view.coder.load(Event, row[1])
            found[seq] = view.coder.load(Judged, row[0]).mention(seq, event)
    return found


def erase(tx: Tx, customer: str, by: str) -> dict[str, int]:
    """Forget a customer, and note who did it; returns how many records of each kind."""
    found, dossier = Found(tx, customer), export(tx, customer)
    _take_out_quotes(tx, said(dossier.mentions))
    for seq, mention in _mentions(tx, found.seqs).items():
        tx.index(
            "INSERT INTO mentions_index (mentions_index, rowid, words, filters)"
            " VALUES ('delete', ?, ?, ?)",
            (seq, mention_words(mention), " ".join(search_filters(mention))),
        )
    for row, body in found.tickets.items():
        tx.index(
            "INSERT INTO tickets_index (tickets_index, rowid, words) VALUES ('delete', ?, ?)",
            (row, ticket_words(tx.coder.load(Ticket, body))),
        )
    for seq, body, state, reason in found.events:
        _bury(tx, seq, tombstone(tx.coder.load(Event, body)))
        before = f"dropped:{text_of(reason)}" if state == DROPPED else _STATES[state]
        tx.count(before, -1)
        tx.count(f"dropped:{ERASED}", 1)
    many = tx.db.executemany
    for table in ("corrections", "tracked"):
        many(f"DELETE FROM {table} WHERE mention = ?", [(seq,) for seq in found.seqs])  # noqa: S608 - literals
    many("DELETE FROM mentions WHERE seq = ?", [(seq,) for seq in found.seqs])
    many("DELETE FROM dead_letters WHERE seq = ?", [(seq,) for seq in found.seqs])
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


def _take_out_quotes(tx: Tx, texts: frozenset[str]) -> None:
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


def _bury(tx: Tx, seq: int, event: Event) -> None:
    tx.db.execute(
        "UPDATE events SET author = '', state = ?, owner = 0, reason = ?, body = ? WHERE seq = ?",
        (DROPPED, ERASED, tx.coder.dump(event), seq),
    )


def note(tx: Tx, *, who: str, what: str, about: str) -> AuditEntry:
    """Add to the audit log."""
    found = audit(tx, last=1)
    fresh = next_entry(
        found[-1] if found else None, at=moment(tx.now), who=who, what=what, about=about
    )
    tx.db.execute(
        "INSERT INTO audit (seq, at, who, what, about, before, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            fresh.seq,
            micros(fresh.at),
            *(key_of(part) for part in (fresh.who, fresh.what, fresh.about)),
            fresh.before,
            fresh.hash,
        ),
    )
    return fresh


def audit(view: View, last: int | None = None) -> list[AuditEntry]:
    """Entries of the audit log, oldest first; only the ``last`` so many if that is given."""
    rows: list[Row] = view.db.execute(
        f"SELECT {', '.join(KINDS['audit'])} FROM audit ORDER BY seq DESC LIMIT ?",  # noqa: S608 - names of fields
        (-1 if last is None else last,),
    ).fetchall()
    return [audit_entry(tuple(_plain(part) for part in row)) for row in reversed(rows)]


def _plain(part: object) -> str | bytes | int | None:
    assert part is None or isinstance(part, str | bytes | int)  # noqa: S101 - no column holds others
    return part
