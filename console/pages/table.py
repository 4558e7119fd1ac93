"""A page for staff that is one table, so that it needs no template of its own."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.pages.base import ConsolePage
from console.render import MenuItem


@dataclass(frozen=True, kw_only=True, slots=True)
class TableLink:
    """A cell that links to another page of the console."""

    text: str
    path: str


Cell = str | datetime | TableLink
"""Text is escaped and shown on one line; a time is shown in the time zone of staff."""


class TablePage(ConsolePage):
    """A page at the path of its menu item, with the messages ``nav.NAME`` and ``NAME.empty``."""

    menu: ClassVar[MenuItem]
    columns: ClassVar[Sequence[str]]
    """Headings are the messages ``NAME.column.COLUMN``."""

    @abstractmethod
    async def rows(self) -> Sequence[Sequence[Cell]]:
        """The rows, with as many cells each as there are columns."""

    def routes(self) -> Sequence[BaseRoute]:
        return [self.route(self.menu.path, self.page, who="staff")]

    async def page(self, request: Request) -> Response:
        values = {"name": self.menu.name, "columns": self.columns, "rows": await self.rows()}
        return await self.respond(request, "table.html", values)
