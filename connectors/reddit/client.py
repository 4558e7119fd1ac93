"""praw in a thread of its own: the loop never waits for Reddit, and praw meets one thread only.

Answers are read as the JSON that came. praw's objects, which fetch what they lack when an
attribute is touched, are never made.
"""
# DOC The one place where Reddit's HTTP answers are understood, beneath praw.
# DOC
# DOC prawcore would repeat a POST that may have been acted on, sleep for as long as ten minutes, and
# DOC stumble over headers that are no numbers. So every answer that is none is turned into an ApiError
# DOC here, which prawcore lets through, and the headers that make it sleep are taken off the others.

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
"""The most requests of one call: a token, the request, and both again where the token is old."""
_GRACE: Final = 1.0
"""How long closing waits for the thread, which may be waiting for Reddit."""


class RedditClient:
    """One account at one server."""

    def __init__(
        self,
        *,
        settings: RedditSettings,
        heard: Callable[[Mapping[str, str]], None],
        now: Callable[[], datetime],
    ) -> None:
        """``heard`` is told the headers of each answer, in the thread."""
        self._settings = settings
        self._heard = heard
        self._now = now
        self._closed = False
        self._praw: Praw | None = None
        self._session = requests.Session()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reddit")

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> object:
        """The JSON at ``path``; raises RedditRequestError and nothing else."""
        return await self._call(
            lambda praw: praw.request(method="GET", path=path, params=dict(params or {}))
        )

    async def post(self, path: str, data: Mapping[str, str]) -> object:
        """The JSON that a form sent to ``path`` is answered with; raises RedditRequestError only."""
        return await self._call(
            lambda praw: praw.request(method="POST", path=path, data=dict(data))
        )

    async def scopes(self) -> frozenset[str]:
        """What the credential may do; ``*`` is everything."""
        return await self._call(lambda praw: frozenset(praw.auth.scopes()))

    async def close(self) -> None:
        """Give back the connections; may be called twice."""
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
        raise RedditRequestError(fault, f"Reddit's thread gave no answer for {seconds:.0f} s")

    def _work(self, work: Callable[[Praw], T]) -> T:
        """In the thread: do it, and once more with a new token where the old one is refused."""
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
        """The one instance; after a refused token a new one, which signs in anew."""
        if self._praw is None:
            settings = self._settings
            self._praw = Praw(
                "DEFAULT",
                requestor_class=RedditTransport,
                requestor_kwargs={
                    "session": self._session,
                    "seconds": settings.timeout_seconds,
                    "heard": self._heard,
                    "now": self._now,
                },
                client_id=settings.client_id,
                client_secret=settings.client_secret.get_secret_value(),
                username=settings.username,
                password=_plain(settings.password),
                refresh_token=_plain(settings.refresh_token),
                redirect_uri=None,
                user_agent=settings.agent,
                oauth_url=settings.base_url.rstrip("/") + "/",
                reddit_url=settings.token_url,
                ratelimit_seconds=0,
                check_for_updates=False,
            )
        return self._praw


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _translated(work: Callable[[Praw], T], praw: Praw) -> T:
    try:
        return work(praw)
    except RedditRequestError:
        raise
    except Exception as error:  # praw and requests have no common base, and stumble over odd bodies
        name = type(error).__name__
    raise RedditRequestError(RedditFault.UNCLEAR, f"the answer cannot be read ({name})")


_SIGN_IN: Final = "/api/v1/access_token"
_BEFORE: Final = (ConnectTimeout, ProxyError, InvalidURL, InvalidHeader, UnicodeError)
_UNSAID: Final = 60.0
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
        """As Requestor.request, but raises RedditRequestError for every answer that is not a success.

        ``timeout`` is prawcore's own, which no setting reaches; it does not count.
        """
        signing_in = args[1].startswith(self.reddit_url + _SIGN_IN)
        kwargs |= {"allow_redirects": False, "timeout": self._seconds}
        if not signing_in:
            kwargs["auth"] = _as_it_is
        try:
            response = self._session.request(*args, **kwargs)
        except Exception as error:
            fault = RedditFault.UNREACHED if signing_in or _unsent(error) else RedditFault.UNCLEAR
            name = type(error).__name__
        else:
            return self._token(response) if signing_in else self._answer(response)
        raise RedditRequestError(fault, f"no answer ({name})")  # the cause holds the password

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
            seconds = _UNSAID if seconds is None else math.ceil(seconds)
        return RedditRequestError(fault, _reason(response), seconds=seconds)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from putting a password of ``.netrc`` in the place of the token."""
    return request


def _fault(status: int) -> RedditFault:
    if status < 400:
        return RedditFault.ABSENT  # a subreddit that is not there redirects to the search for it
    return _FAULTS.get(status, RedditFault.REJECTED if status < 500 else RedditFault.UNCLEAR)


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
