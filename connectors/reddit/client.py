"""praw in a thread of its own: the loop never waits for Reddit, and praw meets one thread only.

Answers are read as the JSON that came. praw's objects, which fetch what they lack when an
attribute is touched, are never made.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Final, TypeVar

import requests
from praw import Reddit as Praw
from pydantic import SecretStr

from connectors.reddit.errors import ApiError, Fault
from connectors.reddit.settings import RedditSettings
from connectors.reddit.transport import Wire

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
        """The JSON at ``path``; raises ApiError and nothing else."""
        return await self._call(
            lambda praw: praw.request(method="GET", path=path, params=dict(params or {}))
        )

    async def post(self, path: str, data: Mapping[str, str]) -> object:
        """The JSON that a form sent to ``path`` is answered with; raises ApiError only."""
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
            raise ApiError(Fault.UNREACHED, "the connector is closed")
        future: Future[T] = self._thread.submit(self._work, work)
        seconds = self._settings.timeout_seconds * _CALLS
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except TimeoutError:
            fault = Fault.UNREACHED if future.cancelled() else Fault.UNCLEAR
        raise ApiError(fault, f"Reddit's thread gave no answer for {seconds:.0f} s")

    def _work(self, work: Callable[[Praw], T]) -> T:
        """In the thread: do it, and once more with a new token where the old one is refused."""
        if self._closed:
            raise ApiError(Fault.UNREACHED, "the connector is closed")
        try:
            return _translated(work, self._reddit())
        except ApiError as error:
            if error.fault is not Fault.EXPIRED:
                raise
        self._praw = None
        try:
            return _translated(work, self._reddit())
        except ApiError as error:
            if error.fault is not Fault.EXPIRED:
                raise
            raise ApiError(Fault.CREDENTIAL, error.text) from error

    def _reddit(self) -> Praw:
        """The one instance; after a refused token a new one, which signs in anew."""
        if self._praw is None:
            settings = self._settings
            self._praw = Praw(
                "DEFAULT",
                requestor_class=Wire,
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
    except ApiError:
        raise
    except Exception as error:  # praw and requests have no common base, and stumble over odd bodies
        name = type(error).__name__
    raise ApiError(Fault.UNCLEAR, f"the answer cannot be read ({name})")
