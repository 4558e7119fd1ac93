"""The full-text index: FTS5 tables without content, filled with tokens that are cut in Python.

A row is taken out by the same tokens it was put in with, so callers pass the record as it was.
"""

from collections.abc import Sequence

from core.model.mentions import Mention
from core.model.tickets import Ticket
from storage.search import mention_filters, mention_words, terms, ticket_words
from storage.sqlite.engine.connection import SqliteTx


def add_mention(tx: SqliteTx, mention: Mention) -> None:
    tx.index(
        "INSERT INTO mentions_index (rowid, words, filters) VALUES (?, ?, ?)",
        (mention.seq, mention_words(mention), " ".join(mention_filters(mention))),
    )


def remove_mention(tx: SqliteTx, mention: Mention) -> None:
    tx.index(
        "INSERT INTO mentions_index (mentions_index, rowid, words, filters)"
        " VALUES ('delete', ?, ?, ?)",
        (mention.seq, mention_words(mention), " ".join(mention_filters(mention))),
    )


def add_ticket(tx: SqliteTx, row: int | None, ticket: Ticket) -> None:
    tx.index("INSERT INTO tickets_index (rowid, words) VALUES (?, ?)", (row, ticket_words(ticket)))


def remove_ticket(tx: SqliteTx, row: int, ticket: Ticket) -> None:
    tx.index(
        "INSERT INTO tickets_index (tickets_index, rowid, words) VALUES ('delete', ?, ?)",
        (row, ticket_words(ticket)),
    )


def match(column: str, text: str) -> str:
    """An FTS5 expression for rows with every term of ``text``; empty without a term."""
    return " AND ".join(
        f'{column} : "{" ".join(term.tokens)}"' + ("*" if term.prefix else "")
        for term in terms(text)
    )


def has_all(column: str, tokens: Sequence[str]) -> str:
    """An FTS5 expression for rows with every token; empty without a token."""
    return " AND ".join(f'{column} : "{token}"' for token in tokens)


def rewrite(tx: SqliteTx, pages: int, *, first: bool) -> bool:
    """Rewrite part of both indexes, so that deleted tokens leave the disk; False at the end.

    SQLite takes a negative number to begin rewriting all of an index, and says that nothing was
    left to do by changing less than two rows.
    """
    before = tx.db.total_changes
    for table in ("mentions_index", "tickets_index"):
        tx.db.execute(
            f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)",  # noqa: S608 - literals
            (-pages if first else pages,),
        )
    return tx.db.total_changes - before > len(("mentions_index", "tickets_index"))
