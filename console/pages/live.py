"""``/live``: the one WebSocket of a staff tab."""

import asyncio

from starlette.routing import BaseRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from console.access import SocketDoor
from console.i18n import COOKIE, choose
from console.live import LiveClient, LiveHub
from console.render import Renderer


class LiveSocket:
    """Connects tabs with the hub."""

    def __init__(self, renderer: Renderer, hub: LiveHub) -> None:
        self._desk = renderer.desk
        self._hub = hub

    def doors(self) -> list[BaseRoute]:
        return [SocketDoor("/live", self.serve, who="staff", policy=self._desk.policy)]

    async def serve(self, socket: WebSocket) -> None:
        """Send until the tab goes; what it sends is not read."""
        await socket.accept()
        client = self._hub.join(
            choose(
                socket.query_params.get("lang"),
                socket.cookies.get(COOKIE),
                socket.headers.get("accept-language", ""),
                self._desk.language,
            )
        )
        writer = asyncio.create_task(_write(socket, client))
        try:
            while True:
                await socket.receive_text()
        except (WebSocketDisconnect, KeyError):  # KeyError: it sent bytes
            return
        finally:
            self._hub.leave(client)
            writer.cancel()
            await asyncio.wait([writer])


async def _write(socket: WebSocket, client: LiveClient) -> None:
    try:
        while True:
            await socket.send_text(await client.get())
    except WebSocketDisconnect:
        return
