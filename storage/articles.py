"""Searching the knowledge base, the same way for every store."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.articles import Article
from storage.tokens import contains, terms, tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class Searchable:
    """An article with its tokens, each line joined by spaces."""

    article: Article
    head: str
    body: str


def prepare(articles: Sequence[Article]) -> tuple[Searchable, ...]:
    """Cut every article."""
    return tuple(
        Searchable(
            article=article,
            head=" ".join(tokens("\n".join((article.title, *article.questions)))),
            body=" ".join(tokens(f"{article.id}\n{article.category}\n{article.body}")),
        )
        for article in articles
    )


def find(articles: Sequence[Searchable], text: str, limit: int) -> tuple[Article, ...]:
    """Articles that hold every term; those that hold more of them in title or questions first.

    A blank text finds all.
    """
    if not text.strip():
        return tuple(each.article for each in articles[:limit])
    wanted = terms(text)
    if not wanted:
        return ()
    found: list[tuple[int, int, Article]] = []
    for place, each in enumerate(articles):
        in_head = [contains(each.head, term) for term in wanted]
        if all(
            here or contains(each.body, term) for here, term in zip(in_head, wanted, strict=True)
        ):
            found.append((-sum(in_head), place, each.article))
    found.sort(key=lambda entry: entry[:2])
    return tuple(article for _, _, article in found[:limit])
