"""The HTTP server around the console."""

import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from core.errors import ConfigError, Problem


def bind(host: str, port: int) -> socket.socket:
    """Take the address; port 0 takes any. Raises ConfigError where that cannot be."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        problem = Problem(
            key="console.port",
            message=f"{host}:{port} cannot be listened on ({why})",
            remedy="Stop what listens there, or choose another port (--port).",
        )
        raise ConfigError((problem,)) from error


class Server(uvicorn.Server):
    """A server that leaves signals to who runs it; set ``should_exit`` to end it."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                ws="websockets-sansio",
                ws_max_size=1 << 20,
                timeout_graceful_shutdown=2,
                server_header=False,
            )
        )

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
