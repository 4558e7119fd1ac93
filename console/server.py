"""The HTTP server around the console."""

import socket

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


async def serve_http(app: Starlette, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; open pages are given two seconds to end."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=1 << 20,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    await uvicorn.Server(config).serve(sockets=[listening])
