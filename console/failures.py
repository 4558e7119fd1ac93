"""What a person or a script sees when something does not work: never a traceback."""

import logging
from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from console.formatting import json_response
from console.headers import security_headers
from console.render import Renderer
from core.errors import InputError, StoreError

log = logging.getLogger(__name__)

GENERAL: Final = {403: "refused", 404: "not_found", 405: "method", 413: "too_large"}
"""HTTP status to the name of its message, where nothing more exact is known."""


class Failures:
    """Turns errors into pages, fragments or JSON."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def handlers(self) -> Mapping[object, ExceptionHandler]:
        return {
            HTTPException: self._http,
            InputError: self._input,
            StoreError: self._store,
            Exception: self._bug,
        }

    async def _http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as registered
        return self._answer(
            request, error.status_code, error.detail, headers=dict(error.headers or {})
        )

    async def _input(self, request: Request, error: Exception) -> Response:
        return self._answer(request, 400, "input", detail=str(error))

    async def _store(self, request: Request, error: Exception) -> Response:
        log.error("the store failed", extra={"error": str(error), "path": request.url.path})
        return self._answer(request, 503, "store", detail=str(error))

    async def _bug(self, request: Request, error: Exception) -> Response:
        """The server logs the traceback; this answer passes no middleware any more."""
        answer = self._answer(request, 500, "bug")
        answer.headers.update(security_headers(request.url.path, b"", ()))
        return answer

    def _answer(
        self,
        request: Request,
        status: int,
        name: str,
        *,
        detail: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        words = self._renderer.words(self._renderer.lang(request))
        if words.find(f"error.{name}") is None:
            name = GENERAL.get(status, "refused")
        message = words(f"error.{name}")
        if request.url.path.startswith("/api/"):
            body = {"error": name, "message": detail or message}
            return json_response(body, status=status)
        values = {"status": status, "message": message, "detail": detail}
        return self._renderer.response(
            request, "error.html", values, status=status, headers=headers
        )
