"""What can go wrong with a request to Reddit, as far as it decides what to do next."""

from collections.abc import Iterable
from enum import Enum

from core.errors import ConnectorError, Refused, Unavailable


class RedditFault(Enum):
    """What went wrong."""

    WAIT = "asked to wait"
    EXPIRED = "the token has expired"
    CREDENTIAL = "the credentials are refused"
    FORBIDDEN = "not allowed here"
    ABSENT = "not there"
    REJECTED = "this request will never work"
    UNREACHED = "the request did not leave"
    BUSY = "the service is overloaded"
    UNCLEAR = "the request may have been acted on"


class RedditRequestError(ConnectorError):
    """A request that did not work; ``text`` holds no secret."""

    def __init__(self, fault: RedditFault, text: str, *, seconds: float | None = None) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.seconds = seconds
        """How long to wait, where Reddit says so."""

    def reading(self) -> ConnectorError:
        """What it means for whoever reads: Unavailable, or Refused with the remedy."""
        if self.fault in (RedditFault.CREDENTIAL, RedditFault.EXPIRED):
            return Refused(
                f"Reddit refuses the credentials: {self.text}",
                remedy="Check client_id and client_secret at https://www.reddit.com/prefs/apps, "
                "username and password or refresh_token, and base_url.",
            )
        return Unavailable(f"Reddit: {self.text}", retry_after=self.seconds)


def nothing_to_read(facts: Iterable[tuple[str, str]]) -> Refused:
    """No source can be read; ``facts``: each with the reason."""
    reasons = "; ".join(f"{key}: {reason}" for key, reason in facts)
    return Refused(
        f"Reddit lets this account read none of its sources ({reasons})",
        remedy="Check the names of the subreddits, join private ones with this account, and "
        "give the credential the scopes identity, read, history, privatemessages and submit.",
    )
