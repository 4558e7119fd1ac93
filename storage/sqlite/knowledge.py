"""Articles and settings."""

from collections.abc import Sequence

from core.articles import Article
from storage.sqlite.work import Tx, View

GENERATION = "articles"
"""The setting that counts replacements of the articles."""


def replace_articles(tx: Tx, articles: Sequence[Article]) -> None:
    """Make these, in this order, all the articles there are."""
    tx.db.execute("DELETE FROM articles")
    tx.db.executemany(
        "INSERT INTO articles (place, id, language, body) VALUES (?, ?, ?, ?)",
        [
            (place, article.id, article.language, tx.coder.dump(article))
            for place, article in enumerate(articles)
        ],
    )
    set_setting(tx, GENERATION, str(int(setting(tx, GENERATION) or 0) + 1))


def articles(view: View) -> tuple[Article, ...]:
    rows = view.db.execute("SELECT body FROM articles ORDER BY place")
    return tuple(view.coder.load(Article, body) for (body,) in rows)


def setting(view: View, key: str) -> str | None:
    row = view.db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    value: str | None = row[0] if row else None
    return value


def set_setting(tx: Tx, key: str, value: str) -> None:
    tx.db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )
