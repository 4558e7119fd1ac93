"""The one place where Reddit's HTTP answers are understood, beneath praw.

prawcore would repeat a POST that may have been acted on, sleep for as long as ten minutes, and
stumble over headers that are no numbers. So every answer that is none is turned into an ApiError
here, which prawcore lets through, and the headers that make it sleep are taken off the others.
"""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import requests
from prawcore import Requestor
from requests.exceptions import ConnectionError as Disconnected
from requests.exceptions import ConnectTimeout, InvalidHeader, InvalidURL, ProxyError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connectors.reddit.errors import ApiError, Fault
from connectors.reddit.limits import asked_for

_SIGN_IN: Final = "/api/v1/access_token"
_BEFORE: Final = (ConnectTimeout, ProxyError, InvalidURL, InvalidHeader, UnicodeError)
_UNSAID: Final = 60.0
_MOST_SHOWN: Final = 300
_FAULTS: Final[Mapping[int, Fault]] = {
    400: Fault.REJECTED,
    401: Fault.EXPIRED,
    403: Fault.FORBIDDEN,
    404: Fault.ABSENT,
    408: Fault.UNCLEAR,
    429: Fault.WAIT,
    503: Fault.BUSY,
}


class Wire(Requestor):
    """Makes praw's requests over one HTTP session."""

    def __init__(
        self,
        *,
        session: requests.Session,
        seconds: float,
        heard: Callable[[Mapping[str, str]], None],
        now: Callable[[], datetime],
        oauth_url: str,
        reddit_url: str,
        user_agent: str,
    ) -> None:
        """``seconds``: how long to wait for an answer. ``heard`` is told each one's headers."""
        super().__init__(
            oauth_url=oauth_url, reddit_url=reddit_url, session=session, user_agent=user_agent
        )
        self._session = session
        self._seconds = seconds
        self._heard = heard
        self._now = now

    def request(
        self,
        *args: Any,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> requests.Response:
        """As Requestor.request, but raises ApiError for every answer that is not a success.

        ``timeout`` is prawcore's own, which no setting reaches; it does not count.
        """
        signing_in = args[1].startswith(self.reddit_url + _SIGN_IN)
        kwargs |= {"allow_redirects": False, "timeout": self._seconds}
        if not signing_in:
            kwargs["auth"] = _as_it_is
        try:
            response = self._session.request(*args, **kwargs)
        except Exception as error:
            fault = Fault.UNREACHED if signing_in or _unsent(error) else Fault.UNCLEAR
            name = type(error).__name__
        else:
            return self._token(response) if signing_in else self._answer(response)
        raise ApiError(fault, f"no answer ({name})")  # the cause holds the password

    def _answer(self, response: requests.Response) -> requests.Response:
        self._heard(response.headers)
        status = response.status_code
        if status >= 300:
            raise self._error(response, _fault(status))
        for name in [name for name in response.headers if name.lower().startswith("x-ratelimit")]:
            del response.headers[name]
        return response

    def _token(self, response: requests.Response) -> requests.Response:
        """An answer with a token in it; where there is none, what was to be sent has not left."""
        status = response.status_code
        if status in (400, 401, 403):
            raise self._error(response, Fault.CREDENTIAL)
        if status == 429:
            raise self._error(response, Fault.WAIT)
        if status != 200:
            raise self._error(response, Fault.UNREACHED)
        try:
            data: object = response.json()
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict) and isinstance(said := data.get("error"), str | int):
            raise ApiError(Fault.CREDENTIAL, f"{said}"[:_MOST_SHOWN])
        if not isinstance(data, dict) or not (
            isinstance(data.get("access_token"), str)
            and isinstance(data.get("expires_in"), int)
            and isinstance(data.get("scope"), str)
        ):
            raise ApiError(Fault.UNREACHED, "the answer holds no token that can be read")
        return response

    def _error(self, response: requests.Response, fault: Fault) -> ApiError:
        seconds = None
        if fault in (Fault.WAIT, Fault.BUSY):
            seconds = asked_for(response.headers, self._now())
        if fault is Fault.WAIT:
            seconds = _UNSAID if seconds is None else math.ceil(seconds)
        return ApiError(fault, _reason(response), seconds=seconds)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from putting a password of ``.netrc`` in the place of the token."""
    return request


def _fault(status: int) -> Fault:
    if status < 400:
        return Fault.ABSENT  # a subreddit that is not there redirects to the search for it
    return _FAULTS.get(status, Fault.REJECTED if status < 500 else Fault.UNCLEAR)


def _unsent(error: Exception) -> bool:
    """True where no connection came about, so that nothing can have been acted on."""
    if isinstance(error, _BEFORE):
        return True
    cause = error.args[0] if isinstance(error, Disconnected) and error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _reason(response: requests.Response) -> str:
    """The status, and what the body says in words; a page of HTML says nothing."""
    parts = [f"HTTP {response.status_code}"]
    challenge = response.headers.get("www-authenticate", "")
    if "insufficient_scope" in challenge:
        parts.append("the credential lacks the scope for it")
    try:
        data: object = response.json()
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        said = (data.get(name) for name in ("reason", "error_description", "explanation", "error"))
        parts += [text for text in (*said, data.get("message")) if isinstance(text, str)]
    return ": ".join(dict.fromkeys(parts))[:_MOST_SHOWN]
