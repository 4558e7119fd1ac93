"""The web chat: its page, its script for the brand's own site, and its WebSocket."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.websockets import WebSocket

from console.access import Door, SocketDoor
from console.chat_hub import ChatHub
from console.chat_session import ChatSession
from console.formatting import dumps
from console.headers import CHAT_PAGE, CHAT_SCRIPT
from console.i18n import COOKIE, LANGS, choose
from console.ports import WebChat
from console.render import HERE, Renderer

EMBED: Final = HERE / "static" / "embed.js"


class ChatPages:
    """What shoppers see."""

    def __init__(self, renderer: Renderer, chat: WebChat, hub: ChatHub) -> None:
        self._renderer = renderer
        self._desk = renderer.desk
        self._chat = chat
        self._hub = hub
        labels = {lang: renderer.words(lang)("chat.launch") for lang in LANGS}
        self._script = EMBED.read_text(encoding="utf-8").replace('"{{WORDS}}"', dumps(labels))

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        return [
            Door(CHAT_PAGE, self.page, who="shopper", policy=policy),
            Door(CHAT_SCRIPT, self.script, who="shopper", policy=policy),
            SocketDoor("/chat/ws", self.socket, who="shopper", policy=policy),
        ]

    async def page(self, request: Request) -> Response:
        return self._renderer.response(request, "chat.html", {})

    async def script(self, request: Request) -> Response:
        """The launcher for the brand's own site, with the words of its button."""
        return Response(self._script, media_type="text/javascript")

    async def socket(self, socket: WebSocket) -> None:
        lang = choose(
            socket.query_params.get("lang"),
            socket.cookies.get(COOKIE),
            socket.headers.get("accept-language", ""),
            self._desk.language,
        )
        await ChatSession(
            socket,
            desk=self._desk,
            chat=self._chat,
            hub=self._hub,
            words=self._renderer.words(lang),
        ).serve()
