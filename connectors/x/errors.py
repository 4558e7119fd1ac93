"""What X's refusals mean.

Source: https://docs.x.com/x-api/fundamentals/response-codes-and-errors and
https://docs.x.com/x-api/fundamentals/rate-limits
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from core.errors import ConnectorError, Refused, Unavailable

_NO_CREDITS_SECONDS: Final = 900.0
_CAPPED_SECONDS: Final = 3600.0
_LONGEST: Final = 300


class Fault(Enum):
    """What went wrong, as far as it decides what to do next."""

    WAIT = "asked to wait"
    CAPPED = "the plan's posts of this month are used up"
    CREDITS = "no credits left"
    CREDENTIAL = "the credentials are refused"
    FORBIDDEN = "not allowed"
    DUPLICATE = "this text was posted already"
    REJECTED = "this request will never work"
    UNREACHED = "the request did not leave"
    UNCLEAR = "the request may have been acted on"


class ApiError(ConnectorError):
    """A call that did not work; ``text`` never holds a secret."""

    def __init__(
        self, fault: Fault, text: str, *, status: int | None = None, at: datetime | None = None
    ) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.status = status
        """Of the HTTP answer; ``None`` where there was none that could be read."""
        self.at = at
        """When to try again, where X says so."""

    def wait(self, now: datetime) -> float | None:
        """Seconds until it makes sense to try again, where that is known."""
        if self.fault is Fault.CREDITS:
            return _NO_CREDITS_SECONDS
        if self.at is not None:
            return max(0.0, (self.at - now) / timedelta(seconds=1))
        return _CAPPED_SECONDS if self.fault is Fault.CAPPED else None

    def reading(self, now: datetime) -> ConnectorError:
        """What it means for whoever reads: Unavailable, or Refused with the remedy."""
        match self.fault:
            case Fault.CREDENTIAL:
                return Refused(
                    f"X refuses the credentials: {self.text}",
                    remedy="Generate the app's bearer token and the account's keys anew in X's "
                    "developer console, set them, and check base_url.",
                )
            case Fault.FORBIDDEN:
                return Refused(
                    f"X does not allow this app to read: {self.text}",
                    remedy="Give the app access to the X API v2 in X's developer console, and set "
                    "all four keys of the account.",
                )
            case Fault.CREDITS:
                text = f"X: {self.text}. Buy credits in X's developer console"
                return Unavailable(text, retry_after=_NO_CREDITS_SECONDS)
        return Unavailable(f"X: {self.text}", retry_after=self.wait(now))


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error in an answer with a ``status`` of 300 or more; ``headers`` ignore case."""
    title, text = _words(body)
    text = f"{status} {text or title or 'no reason given'}"
    fault = Fault.REJECTED
    if status == 401:
        fault = Fault.CREDENTIAL
    elif status == 402:
        fault = Fault.CREDITS
    elif status == 403:
        fault = Fault.DUPLICATE if "duplicate" in text.lower() else Fault.FORBIDDEN
    elif status in {420, 429}:
        fault = Fault.CAPPED if "usagecap" in title.lower() else Fault.WAIT
    elif status >= 500:
        fault = Fault.UNCLEAR
    at = _reset(headers) if fault in {Fault.WAIT, Fault.CAPPED} else None
    return ApiError(fault, text, status=status, at=at)


def one_line(text: str) -> str:
    """``text`` as it can stand in a log: short, and without control characters."""
    return "".join(c if c.isprintable() else " " for c in text[:_LONGEST]).strip()


def _words(body: bytes) -> tuple[str, str]:
    """Title and explanation in an error's body; empty where there are none."""
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(data, dict):
        return "", ""
    errors = data.get("errors")
    nested = errors[0] if isinstance(errors, list) and errors else None
    title = text = ""
    for part in (data, nested):
        if isinstance(part, dict):
            title = title or _word(part, "title")
            text = text or _word(part, "detail") or _word(part, "message")
    more = _word(nested, "message") if isinstance(nested, dict) else ""
    if more and more not in text:
        text = f"{text} ({more})"
    return title, one_line(text)


def _word(part: Mapping[str, object], name: str) -> str:
    value = part.get(name)
    return one_line(value) if isinstance(value, str) else ""


def _reset(headers: Mapping[str, str]) -> datetime | None:
    """When the limit that was hit ends: the day's, where that is the one with nothing left."""
    ends = [_moment(headers.get("x-rate-limit-reset"))]
    ends.extend(
        _moment(headers.get(f"x-{scope}-limit-24hour-reset"))
        for scope in ("user", "app")
        if headers.get(f"x-{scope}-limit-24hour-remaining") == "0"
    )
    return max((end for end in ends if end is not None), default=None)


def _moment(value: str | None) -> datetime | None:
    if value is None or not value.isdecimal():
        return None
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (OverflowError, ValueError, OSError):
        return None
