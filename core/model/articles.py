"""Articles of the knowledge base, and an article found for a question."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """An entry of the knowledge base in one language."""

    id: str
    """The same for all languages of one entry."""
    language: Literal["zh", "en"]
    title: str
    body: str
    questions: tuple[str, ...] = ()
    """Other ways in which people ask for it."""
    category: str = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An Article found for a question."""

    article: Article
    confidence: float
    """In [0, 1]; under the playbook's limit a person is asked."""
