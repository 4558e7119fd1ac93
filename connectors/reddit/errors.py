"""Errors of requests to Reddit and how to treat them."""

from collections.abc import Iterable
from enum import Enum

from core.errors import ConnectorError, Refused, Unavailable


class RedditFault(Enum):
    """Kinds of failed requests, by what to do next."""

    WAIT = "rate limited"
    EXPIRED = "the token has expired"
    CREDENTIAL = "the credentials are rejected"
    FORBIDDEN = "not allowed here"
    ABSENT = "not found"
    REJECTED = "the request will never be accepted"
    UNREACHED = "the request was not sent"
    BUSY = "the service is overloaded"
    UNCLEAR = "the request may have been acted on"


class RedditRequestError(ConnectorError):
    """A request that failed; ``text`` never holds a secret."""

    def __init__(self, fault: RedditFault, text: str, *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.retry_after = retry_after
        """Seconds until the next attempt, if Reddit names them."""

    def as_reading_error(self) -> ConnectorError:
        """The error to raise from ``pages``: Unavailable, or Refused with a remedy."""
        if self.fault in (RedditFault.CREDENTIAL, RedditFault.EXPIRED):
            return Refused(
                f"Reddit rejects the credentials: {self.text}",
                remedy="Check client_id and client_secret at https://www.reddit.com/prefs/apps, "
                "username and password or refresh_token, and base_url.",
            )
        return Unavailable(f"Reddit: {self.text}", retry_after=self.retry_after)


def nothing_to_read(facts: Iterable[tuple[str, str]]) -> Refused:
    """The error if no source can be read; ``facts``: each source with the reason."""
    reasons = "; ".join(f"{key}: {reason}" for key, reason in facts)
    return Refused(
        f"This account may not read any of its sources on Reddit ({reasons})",
        remedy="Check the names of the subreddits, join private ones with this account, and "
        "give the credential the scopes identity, read, history, privatemessages and submit.",
    )
