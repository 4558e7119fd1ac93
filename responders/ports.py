"""The parts beside the store that responders work with."""

from collections.abc import Sequence
from typing import Literal, Protocol

from core.articles import Answer


class Answers(Protocol):
    """Where answers to questions are found."""

    def search(self, text: str, language: Literal["zh", "en"], limit: int = 3) -> Sequence[Answer]:
        """Up to ``limit`` articles in that language, the surest first."""
        ...
