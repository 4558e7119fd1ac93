"""Errors of X's API and how to treat them.

Source: https://docs.x.com/x-api/fundamentals/response-codes-and-errors and
https://docs.x.com/x-api/fundamentals/rate-limits
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from core.errors import ConnectorError, Refused, Unavailable

_NO_CREDITS_WAIT: Final = 900.0
_CAPPED_WAIT: Final = 3600.0
_LONGEST: Final = 300


class XFault(Enum):
    """Kinds of failed requests, by what to do next."""

    WAIT = "rate limited"
    CAPPED = "the plan's monthly cap on posts is reached"
    CREDITS = "no credits left"
    CREDENTIAL = "the credentials are rejected"
    FORBIDDEN = "not allowed"
    DUPLICATE = "this text has been posted already"
    REJECTED = "the request will never be accepted"
    UNREACHED = "the request was not sent"
    UNCLEAR = "the request may have been acted on"


class XRequestError(ConnectorError):
    """A request that failed; ``text`` never holds a secret."""

    def __init__(
        self,
        fault: XFault,
        text: str,
        *,
        status: int | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.status = status
        """HTTP status; ``None`` if there was no readable answer."""
        self.retry_at = retry_at
        """Time of the next attempt, if X names one."""

    def retry_after(self, now: datetime) -> float | None:
        """Seconds until the next attempt, if they are known."""
        if self.fault is XFault.CREDITS:
            return _NO_CREDITS_WAIT
        if self.retry_at is not None:
            return max(0.0, (self.retry_at - now) / timedelta(seconds=1))
        return _CAPPED_WAIT if self.fault is XFault.CAPPED else None

    def as_reading_error(self, now: datetime) -> ConnectorError:
        """The error to raise from ``pages``: Unavailable, or Refused with a remedy."""
        match self.fault:
            case XFault.CREDENTIAL:
                return Refused(
                    f"X rejects the credentials: {self.text}",
                    remedy="Regenerate the app's bearer token and the account's keys in X's "
                    "developer console, set them, and check base_url.",
                )
            case XFault.FORBIDDEN:
                return Refused(
                    f"X does not allow this app to read: {self.text}",
                    remedy="Give the app access to the X API v2 in X's developer console, and set "
                    "all four keys of the account.",
                )
            case XFault.CREDITS:
                text = f"X: {self.text}. Buy credits in X's developer console"
                return Unavailable(text, retry_after=_NO_CREDITS_WAIT)
        return Unavailable(f"X: {self.text}", retry_after=self.retry_after(now))


def request_error(status: int, headers: Mapping[str, str], body: bytes) -> XRequestError:
    """The error for an answer with a ``status`` of 300 or more."""
    title, text = _explanation(body)
    text = f"{status} {text or title or 'no reason given'}"
    fault = XFault.REJECTED
    if status == 401:
        fault = XFault.CREDENTIAL
    elif status == 402:
        fault = XFault.CREDITS
    elif status == 403:
        fault = XFault.DUPLICATE if "duplicate" in text.lower() else XFault.FORBIDDEN
    elif status in {420, 429}:
        fault = XFault.CAPPED if "usagecap" in title.lower() else XFault.WAIT
    elif status >= 500:
        fault = XFault.UNCLEAR
    retry_at = _reset(headers) if fault in {XFault.WAIT, XFault.CAPPED} else None
    return XRequestError(fault, text, status=status, retry_at=retry_at)


def one_line(text: str) -> str:
    """``text`` shortened to fit a log line, with control characters replaced."""
    return "".join(c if c.isprintable() else " " for c in text[:_LONGEST]).strip()


def _explanation(body: bytes) -> tuple[str, str]:
    """Title and explanation in an error's body; empty if it has none."""
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
            title = title or _string(part, "title")
            text = text or _string(part, "detail") or _string(part, "message")
    more = _string(nested, "message") if isinstance(nested, dict) else ""
    if more and more not in text:
        text = f"{text} ({more})"
    return title, one_line(text)


def _string(part: Mapping[str, object], name: str) -> str:
    value = part.get(name)
    return one_line(value) if isinstance(value, str) else ""


def _reset(headers: Mapping[str, str]) -> datetime | None:
    """End of the exhausted rate limit: the daily one if nothing of it is left."""
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
