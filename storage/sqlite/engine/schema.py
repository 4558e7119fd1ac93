"""The tables, by version; ``PRAGMA user_version`` says which version a file has.

``body`` columns hold a record as ``storage.encoding`` writes it; the columns beside it are what is
searched and sorted by. Where such a column changes more often than the rest of its record, it alone
is written and counts for more than the body: ``state`` and ``native`` of replies, ``updated_at`` of
conversations. Times are microseconds since 1970. ``owner`` is the process that works on a
row, 0 where none does. The index tables take tokens that are cut in Python, hence their tokenizer.
"""

import sqlite3
from typing import Final

from core.errors import SchemaTooNew, StoreError

_FIRST: Final = (
    "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE numbers (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE owners (id INTEGER PRIMARY KEY, opened_at INTEGER NOT NULL)",
    "CREATE TABLE cursors (connector TEXT PRIMARY KEY, cursor) WITHOUT ROWID",
    """CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, channel NOT NULL, id NOT NULL,
        revision INTEGER NOT NULL, kind TEXT NOT NULL, author NOT NULL,
        state INTEGER NOT NULL DEFAULT 0, owner INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0,
        received_at INTEGER NOT NULL, reason, body BLOB NOT NULL,
        UNIQUE (channel, id, revision))""",
    "CREATE INDEX events_pending ON events (owner, seq) WHERE state = 0",
    "CREATE INDEX events_author ON events (author)",
    """CREATE TABLE mentions (
        seq INTEGER PRIMARY KEY REFERENCES events (seq) ON DELETE CASCADE,
        posted_at INTEGER NOT NULL, negative INTEGER NOT NULL,
        withdrawn INTEGER NOT NULL DEFAULT 0, ticket TEXT, body BLOB NOT NULL)""",
    "CREATE INDEX mentions_posted ON mentions (posted_at, negative)",
    """CREATE VIRTUAL TABLE mentions_index USING fts5 (
        words, filters, content='', columnsize=0, prefix='1', tokenize='ascii')""",
    """CREATE TABLE days (
        day INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL)""",
    """CREATE TABLE replies (
        id INTEGER PRIMARY KEY, key NOT NULL UNIQUE, channel NOT NULL, conversation NOT NULL,
        reply_to, state TEXT NOT NULL, due INTEGER NOT NULL, owner INTEGER NOT NULL DEFAULT 0,
        doubt INTEGER NOT NULL DEFAULT 0, mention INTEGER, body BLOB NOT NULL)""",
    """CREATE INDEX replies_waiting ON replies (state, channel, due)
        WHERE state IN ('draft', 'pending', 'sending')""",
    "CREATE INDEX replies_mention ON replies (mention)",
    "CREATE INDEX replies_to ON replies (channel, reply_to) WHERE reply_to IS NOT NULL",
    "CREATE INDEX replies_conversation ON replies (channel, conversation)",
    """CREATE TABLE tickets (
        id INTEGER PRIMARY KEY, number NOT NULL UNIQUE, ordinal INTEGER NOT NULL,
        origin UNIQUE, brand TEXT NOT NULL, channel NOT NULL, conversation NOT NULL,
        customer NOT NULL, owner, state TEXT NOT NULL, severity TEXT NOT NULL,
        due INTEGER NOT NULL, answered INTEGER, reminded INTEGER, body BLOB NOT NULL)""",
    "CREATE INDEX tickets_urgent ON tickets (severity, due, ordinal, number)",
    """CREATE INDEX tickets_unresolved ON tickets (severity, due, ordinal, number)
        WHERE state <> 'resolved'""",
    "CREATE INDEX tickets_conversation ON tickets (channel, conversation)",
    """CREATE VIRTUAL TABLE tickets_index USING fts5 (
        words, content='', columnsize=0, tokenize='ascii')""",
    """CREATE TABLE conversations (
        channel NOT NULL, id NOT NULL, customer NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (channel, id)) WITHOUT ROWID""",
    """CREATE TABLE lines (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, channel NOT NULL, conversation NOT NULL,
        native NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX lines_conversation ON lines (channel, conversation, seq)",
    """CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT, channel NOT NULL, native NOT NULL,
        seq INTEGER UNIQUE REFERENCES events (seq) ON DELETE CASCADE,
        raw BLOB, reason NOT NULL, at INTEGER NOT NULL)""",
    "CREATE UNIQUE INDEX dead_rejects ON dead_letters (channel, native) WHERE seq IS NULL",
    """CREATE TABLE alerts (
        id INTEGER PRIMARY KEY, key NOT NULL UNIQUE, state TEXT NOT NULL,
        created_at INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX alerts_newest ON alerts (created_at)",
    "CREATE INDEX alerts_firing ON alerts (id) WHERE state = 'firing'",
    """CREATE TABLE deliveries (
        alert INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE, receiver NOT NULL,
        due INTEGER NOT NULL, owner INTEGER NOT NULL DEFAULT 0,
        delivered INTEGER NOT NULL DEFAULT 0, reason NOT NULL DEFAULT '',
        PRIMARY KEY (alert, receiver)) WITHOUT ROWID""",
    "CREATE INDEX deliveries_due ON deliveries (receiver, due) WHERE delivered = 0",
    """CREATE TABLE incidents (
        id TEXT PRIMARY KEY, key NOT NULL, state TEXT NOT NULL, last_at INTEGER NOT NULL,
        body BLOB NOT NULL)""",
    "CREATE UNIQUE INDEX incidents_open ON incidents (key) WHERE state = 'open'",
    "CREATE INDEX incidents_latest ON incidents (last_at)",
    """CREATE TABLE articles (
        place INTEGER PRIMARY KEY, id TEXT NOT NULL, language TEXT NOT NULL, body BLOB NOT NULL,
        UNIQUE (id, language))""",
    """CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, who NOT NULL, what NOT NULL,
        about NOT NULL, before TEXT NOT NULL, hash TEXT NOT NULL)""",
    """CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
        BEGIN SELECT raise(ABORT, 'the audit log is only added to'); END""",
    """CREATE TRIGGER audit_is_fixed BEFORE UPDATE ON audit
        BEGIN SELECT raise(ABORT, 'the audit log is only added to'); END""",
)

_SECOND: Final = (
    "ALTER TABLE mentions ADD COLUMN incident TEXT",
    """CREATE INDEX mentions_incident ON mentions (incident, posted_at)
        WHERE incident IS NOT NULL""",
    "CREATE INDEX mentions_of_incident ON mentions (incident, seq) WHERE incident IS NOT NULL",
    "CREATE INDEX mentions_ticket ON mentions (ticket) WHERE ticket IS NOT NULL",
    "CREATE INDEX alerts_live ON alerts (created_at, id) WHERE state <> 'resolved'",
    "ALTER TABLE conversations ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX conversations_updated ON conversations (updated_at)",
    "CREATE TABLE freezes (id PRIMARY KEY NOT NULL, body BLOB NOT NULL) WITHOUT ROWID",
    """CREATE TABLE silences (
        id PRIMARY KEY NOT NULL, until INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE corrections (
        mention INTEGER PRIMARY KEY REFERENCES mentions (seq) ON DELETE CASCADE,
        at INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX corrections_at ON corrections (at)",
    """CREATE TABLE tracked (
        mention INTEGER PRIMARY KEY REFERENCES mentions (seq) ON DELETE CASCADE,
        channel NOT NULL, next_at INTEGER, body BLOB NOT NULL)""",
    "CREATE INDEX tracked_due ON tracked (channel, next_at) WHERE next_at IS NOT NULL",
)

_THIRD: Final = ("ALTER TABLE replies ADD COLUMN native BLOB",)
"""The platform's id of a reply that was sent since its body was written, sealed."""

_FOURTH: Final = (
    """CREATE TABLE marks (
        id INTEGER PRIMARY KEY CHECK (id = 1), store TEXT NOT NULL, commits INTEGER NOT NULL,
        accepted INTEGER NOT NULL, lost_commits INTEGER NOT NULL DEFAULT 0,
        lost_accepted INTEGER NOT NULL DEFAULT 0)""",
    """CREATE INDEX replies_in_order ON replies (channel, conversation, id)
        WHERE state IN ('pending', 'sending')""",
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST, _SECOND, _THIRD, _FOURTH)
"""Steps from version n to n + 1, by n; a step that was released never changes."""

VERSION: Final = len(MIGRATIONS)


def migrate(db: sqlite3.Connection, path: str) -> None:
    """Bring the file up to ``VERSION`` in one transaction; raises SchemaTooNew beyond it."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version > VERSION:
        raise SchemaTooNew(
            f"{path} was written by a newer Tingfeng (schema {version}, this one knows {VERSION}). "
            f"Install that version or newer, or open a backup made before the upgrade."
        )
    db.execute("BEGIN IMMEDIATE")
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0 and db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise StoreError(
                f"{path} is a SQLite file of another program. Name another file in store.url."
            )
        for step in MIGRATIONS[version:]:
            for statement in step:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
