"""Failed HTTP deliveries as errors that say whether to try again."""

from typing import Final

from core.errors import ConnectorError, Refused, Unavailable

_LONGEST_RETRY_AFTER: Final = 3600.0
_RETRY_STATUSES: Final = frozenset({408, 425, 429})


def invalid_url(remedy: str) -> Refused:
    """The error for an address that cannot be requested; quotes nothing of it.

    Addresses of receivers hold secrets, and aiohttp's message is the address.
    """
    return Refused("not a valid http(s) URL", remedy=remedy)


def unreachable(error: Exception) -> Unavailable:
    """The error for a request that got no answer."""
    return Unavailable(f"{type(error).__name__}: {error}".rstrip(": "))


def status_error(status: int, retry_after: str, *, remedy: str) -> ConnectorError | None:
    """The error for an answer's status; ``None`` for 200 to 299.

    Args:
        status: status code of the answer.
        retry_after: its ``Retry-After`` header in seconds, capped at one hour; ignored if it is
            empty or a date.
        remedy: advice for a status that a retry does not change.
    """
    if 200 <= status < 300:
        return None
    why = f"the receiver answered HTTP status {status}"
    if status >= 500 or status in _RETRY_STATUSES:
        valid = retry_after.isascii() and retry_after.isdecimal()
        seconds = min(float(retry_after), _LONGEST_RETRY_AFTER) if valid else None
        return Unavailable(why, retry_after=seconds)
    return Refused(why, remedy=remedy)
