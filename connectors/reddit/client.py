"""Calls Reddit's API through praw, in one thread, so that the event loop never waits for it.

praw is synchronous and not safe for several threads. Answers are used as decoded JSON; praw's own
objects, which send requests when an attribute is accessed, are never created.

RedditTransport sits beneath praw. prawcore would repeat a POST that may have been acted on, sleep
for up to ten minutes, and fail on malformed headers. RedditTransport therefore turns every
unsuccessful answer into a RedditRequestError, which prawcore lets through, and removes the headers
that make prawcore sleep.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final, TypeVar

import requests
from praw import Reddit as Praw
from prawcore import Requestor
from pydantic import SecretStr
from requests.exceptions import ConnectionError as Disconnected
from requests.exceptions import ConnectTimeout, InvalidHeader, InvalidURL, ProxyError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connectors.reddit.errors import RedditFault, RedditRequestError
from connectors.reddit.limits import requested_wait
from connectors.reddit.settings import RedditSettings

T = TypeVar("T")

_CALLS: Final = 4
"""Most requests of one call: token and request, and both again if the token has expired."""
_GRACE: Final = 1.0
"""Seconds that ``close`` waits for the thread, which may be waiting for Reddit."""
_SIGN_IN: Final = "/api/v1/access_token"
_NOT_SENT_ERRORS: Final = (ConnectTimeout, ProxyError, InvalidURL, InvalidHeader, UnicodeError)
_DEFAULT_WAIT: Final = 60.0
_MOST_SHOWN: Final = 300
_FAULTS: Final[Mapping[int, RedditFault]] = {
    400: RedditFault.REJECTED,
    401: RedditFault.EXPIRED,
    403: RedditFault.FORBIDDEN,
    404: RedditFault.ABSENT,
    408: RedditFault.UNCLEAR,
    429: RedditFault.WAIT,
    503: RedditFault.BUSY,
}


class RedditTransport(Requestor):
    """Sends praw's requests over one HTTP session."""

    def __init__(
        self,
        *,
        session: requests.Session,
        seconds: float,
        on_headers: Callable[[Mapping[str, str]], None],
        now: Callable[[], datetime],
        oauth_url: str,
        reddit_url: str,
        user_agent: str,
    ) -> None:
        """``seconds``: timeout of a request. ``on_headers`` gets each answer's headers."""
        super().__init__(
            oauth_url=oauth_url, reddit_url=reddit_url, session=session, user_agent=user_agent
        )
        self._session = session
        self._seconds = seconds
        self._on_headers = on_headers
        self._now = now

    def request(
        self,
        *args: Any,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> requests.Response:
        """As Requestor.request, but raises RedditRequestError unless the answer is a success.

        ``timeout`` is prawcore's own, which no setting changes; it is ignored.
        """
        signing_in = args[1].startswith(self.reddit_url + _SIGN_IN)
        kwargs |= {"allow_redirects": False, "timeout": self._seconds}
        if not signing_in:
            kwargs["auth"] = _keep_authorization
        try:
            response = self._session.request(*args, **kwargs)
        except Exception as error:
            fault = RedditFault.UNREACHED if signing_in or _unsent(error) else RedditFault.UNCLEAR
            name = type(error).__name__
        else:
            return self._token(response) if signing_in else self._answer(response)
        raise RedditRequestError(
            fault, f"no answer ({name})"
        )  # without the cause, which holds the password

    def _answer(self, response: requests.Response) -> requests.Response:
        self._on_headers(response.headers)
        status = response.status_code
        if status >= 300:
            raise self._error(response, _fault(status))
        for name in [name for name in response.headers if name.lower().startswith("x-ratelimit")]:
            del response.headers[name]
        return response

    def _token(self, response: requests.Response) -> requests.Response:
        """Validate the answer to a sign-in; if that failed, the request itself was not sent."""
        status = response.status_code
        if status in (400, 401, 403):
            raise self._error(response, RedditFault.CREDENTIAL)
        if status == 429:
            raise self._error(response, RedditFault.WAIT)
        if status != 200:
            raise self._error(response, RedditFault.UNREACHED)
        try:
            data: object = response.json()
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict) and isinstance(said := data.get("error"), str | int):
            raise RedditRequestError(RedditFault.CREDENTIAL, f"{said}"[:_MOST_SHOWN])
        if not isinstance(data, dict) or not (
            isinstance(data.get("access_token"), str)
            and isinstance(data.get("expires_in"), int)
            and isinstance(data.get("scope"), str)
        ):
            raise RedditRequestError(
                RedditFault.UNREACHED, "the answer holds no token that can be read"
            )
        return response

    def _error(self, response: requests.Response, fault: RedditFault) -> RedditRequestError:
        seconds = None
        if fault in (RedditFault.WAIT, RedditFault.BUSY):
            seconds = requested_wait(response.headers, self._now())
        if fault is RedditFault.WAIT:
            seconds = _DEFAULT_WAIT if seconds is None else math.ceil(seconds)
        return RedditRequestError(fault, _reason(response), retry_after=seconds)


class RedditClient:
    """One account at one server."""

    def __init__(
        self,
        *,
        settings: RedditSettings,
        on_headers: Callable[[Mapping[str, str]], None],
        now: Callable[[], datetime],
    ) -> None:
        """``on_headers`` is called in the thread, with the headers of each answer."""
        self._settings = settings
        self._on_headers = on_headers
        self._now = now
        self._closed = False
        self._praw: Praw | None = None
        self._session = requests.Session()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reddit")

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> object:
        """Request the JSON at ``path``; raises RedditRequestError and nothing else."""
        return await self._call(
            lambda praw: praw.request(method="GET", path=path, params=dict(params or {}))
        )

    async def post(self, path: str, data: Mapping[str, str]) -> object:
        """Post a form and return the answer's JSON; raises RedditRequestError and nothing else."""
        return await self._call(
            lambda praw: praw.request(method="POST", path=path, data=dict(data))
        )

    async def scopes(self) -> frozenset[str]:
        """The scopes of the credential; ``*`` is all of them."""
        return await self._call(lambda praw: frozenset(praw.auth.scopes()))

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        if self._closed:
            return
        self._closed = True
        ended = self._thread.submit(self._session.close)
        self._thread.shutdown(wait=False)
        await asyncio.wait((asyncio.wrap_future(ended),), timeout=_GRACE)

    async def _call(self, work: Callable[[Praw], T]) -> T:
        if self._closed:
            raise RedditRequestError(RedditFault.UNREACHED, "the connector is closed")
        future: Future[T] = self._thread.submit(self._work, work)
        seconds = self._settings.timeout_seconds * _CALLS
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except TimeoutError:
            fault = RedditFault.UNREACHED if future.cancelled() else RedditFault.UNCLEAR
        raise RedditRequestError(fault, f"no answer from the request thread for {seconds:.0f} s")

    def _work(self, work: Callable[[Praw], T]) -> T:
        """Call ``work`` in the thread; once more with a new token if the token is rejected."""
        if self._closed:
            raise RedditRequestError(RedditFault.UNREACHED, "the connector is closed")
        try:
            return _translated(work, self._reddit())
        except RedditRequestError as error:
            if error.fault is not RedditFault.EXPIRED:
                raise
        self._praw = None
        try:
            return _translated(work, self._reddit())
        except RedditRequestError as error:
            if error.fault is not RedditFault.EXPIRED:
                raise
            raise RedditRequestError(RedditFault.CREDENTIAL, error.text) from error

    def _reddit(self) -> Praw:
        """The praw instance; a new one, which signs in again, after a token was rejected."""
        if self._praw is None:
            settings = self._settings
            self._praw = Praw(
                "DEFAULT",
                requestor_class=RedditTransport,
                requestor_kwargs={
                    "session": self._session,
                    "seconds": settings.timeout_seconds,
                    "on_headers": self._on_headers,
                    "now": self._now,
                },
                client_id=settings.client_id,
                client_secret=settings.client_secret.get_secret_value(),
                username=settings.username,
                password=_secret_value(settings.password),
                refresh_token=_secret_value(settings.refresh_token),
                redirect_uri=None,
                user_agent=settings.agent,
                oauth_url=settings.base_url.rstrip("/") + "/",
                reddit_url=settings.token_url,
                ratelimit_seconds=0,
                check_for_updates=False,
            )
        return self._praw


def _secret_value(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _translated(work: Callable[[Praw], T], praw: Praw) -> T:
    try:
        return work(praw)
    except RedditRequestError:
        raise
    except (
        Exception
    ) as error:  # praw and requests share no base class, and malformed bodies raise anything
        name = type(error).__name__
    raise RedditRequestError(RedditFault.UNCLEAR, f"the answer cannot be read ({name})")


def _keep_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Replaces the authentication of requests, which would use a password in ``.netrc``."""
    return request


def _fault(status: int) -> RedditFault:
    if status < 400:
        return RedditFault.ABSENT  # a missing subreddit redirects to a search for its name
    return _FAULTS.get(status, RedditFault.REJECTED if status < 500 else RedditFault.UNCLEAR)


def _unsent(error: Exception) -> bool:
    """True if no connection was established, so that the request cannot have been acted on."""
    if isinstance(error, _NOT_SENT_ERRORS):
        return True
    cause = error.args[0] if isinstance(error, Disconnected) and error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _reason(response: requests.Response) -> str:
    """The status and the explanation in a JSON body."""
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
