"""A page of staff that is one table, so that it needs no template of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from console.pages.head import staff_page
from console.render import Renderer


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A cell that leads to another page of the console."""

    text: str
    path: str


Cell = str | datetime | Link
"""Text is shown on one line and escaped, a time in the time zone of staff."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The page ``/NAME``; its title is the text ``nav.NAME``, for an empty table ``NAME.empty``."""

    name: str
    columns: Sequence[str]
    """Their headings: ``NAME.column.COLUMN`` in the catalogues."""
    rows: Sequence[Sequence[Cell]]
    """As many cells each as there are columns."""


async def table_page(renderer: Renderer, request: Request, table: Table) -> Response:
    """The whole page; raises UnknownText where a text is missing in a catalogue."""
    return await staff_page(renderer, request, "table.html", {"table": table})
