"""Scheduled jobs."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Idempotent work that is repeated; it finds in the store what is due."""

    name: str
    every: timedelta
    do: Callable[[], Coroutine[None, None, int]]
    """Runs the job once; returns the number of things it did."""
