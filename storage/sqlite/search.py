"""Queries in the language of FTS5."""

from collections.abc import Sequence

from storage.tokens import terms


def match(column: str, text: str) -> str:
    """An expression that holds where every term of ``text`` is found; empty without a term."""
    return " AND ".join(
        f'{column} : "{" ".join(term.tokens)}"' + ("*" if term.prefix else "")
        for term in terms(text)
    )


def has_all(column: str, tokens: Sequence[str]) -> str:
    """An expression that holds where every token is there; empty without a token."""
    return " AND ".join(f'{column} : "{token}"' for token in tokens)
