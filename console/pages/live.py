"""``/live``: the WebSocket of a staff tab."""

import asyncio
from collections.abc import Sequence

from starlette.routing import BaseRoute
from starlette.websockets import WebSocket

from console.live import LiveClient
from console.pages.base import ConsolePage, Worker
from console.security import SOCKET_GONE


class LiveSocket(ConsolePage):
    """Connects tabs with the LiveHub."""

    def routes(self) -> Sequence[BaseRoute]:
        return [self.socket("/live", self.serve, who="staff")]

    def workers(self) -> Sequence[Worker]:
        return [self._live.run]

    async def serve(self, socket: WebSocket) -> None:
        """Send messages until the tab closes; text that it sends is ignored."""
        await socket.accept()
        client = self._live.join(self._renderer.lang(socket))
        writer = asyncio.create_task(_write(socket, client))
        try:
            while True:
                await socket.receive_text()
        except (*SOCKET_GONE, KeyError):  # Starlette raises KeyError for binary frames
            return
        finally:
            self._live.leave(client)
            writer.cancel()
            await asyncio.wait([writer])


async def _write(socket: WebSocket, client: LiveClient) -> None:
    try:
        while True:
            await socket.send_text(await client.get())
    except SOCKET_GONE:
        return
