"""The parts beside the store that responders work with."""

from collections.abc import Sequence
from typing import Literal, Protocol

from core.alerts import Alert
from core.articles import Answer


class Answers(Protocol):
    """Where answers to questions are found."""

    def search(self, text: str, language: Literal["zh", "en"], limit: int = 3) -> Sequence[Answer]:
        """Up to ``limit`` articles in that language, the surest first."""
        ...


class Raises(Protocol):
    """Where notices to staff are raised."""

    async def raise_alert(self, alert: Alert) -> bool:
        """Take the alert; False where one with its key was raised before."""
        ...
