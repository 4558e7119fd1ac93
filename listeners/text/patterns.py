"""Regular expressions out of a configuration, each with a limit of time on a text."""

import logging
from collections.abc import Callable
from typing import Final

import regex  # type: ignore[import-untyped]  # the library ships no types

log = logging.getLogger(__name__)

LIMIT: Final = 0.02
"""Seconds for one expression on one text."""
LONGEST: Final = 10_000
"""How many characters of a text are looked through."""


def searcher(pattern: str) -> Callable[[str], bool]:
    """Tells whether the pattern is found in a readable text; case does not matter.

    A search that takes longer than ``LIMIT`` finds nothing and is logged. Raises ValueError for a
    pattern that cannot be read.
    """
    try:
        compiled = regex.compile(pattern, regex.IGNORECASE | regex.UNICODE)
    except regex.error as error:
        raise ValueError(f"not a regular expression: {error}") from error

    def search(text: str) -> bool:
        try:
            return compiled.search(text[:LONGEST], timeout=LIMIT) is not None
        except TimeoutError:
            log.warning("a regular expression took too long", extra={"pattern": pattern})
            return False

    return search
