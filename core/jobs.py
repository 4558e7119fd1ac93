"""Something that is done now and then."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Idempotent work that finds what is to be done in the store."""

    name: str
    every: timedelta
    do: Callable[[], Coroutine[None, None, int]]
    """Does it; returns how many things were done."""
