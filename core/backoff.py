"""Capped exponential backoff with jitter: the one formula behind every retry.

Source: "equal jitter" in Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog,
2015, https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/. Half of each delay
is kept, so that a failing service always gets a pause; the other half is random, so that clients
that failed together do not retry together.
"""

from typing import Final

_MOST_DOUBLINGS: Final = 64
"""Beyond this every cap is reached; the power stays a finite float."""


def delay(attempt: int, *, first: float, most: float, jitter: float = 1.0) -> float:
    """Seconds to wait before the next try, after ``attempt`` failures in a row.

    With ``longest = min(most, first * 2 ** (attempt - 1))`` the delay is
    ``longest * (1 + jitter) / 2``: between half of ``longest`` and all of it.

    Args:
        attempt: failures in a row, from 1; less counts as 1.
        first: seconds after the first failure, without jitter.
        most: the cap in seconds.
        jitter: a uniform draw from [0, 1), passed in so that this stays pure; 1 for no jitter.
    """
    doublings = min(max(attempt, 1) - 1, _MOST_DOUBLINGS)
    return min(most, first * 2.0**doublings) * (1 + jitter) / 2
