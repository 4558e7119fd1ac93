"""Renders templates: escaped, strict about unknown names, in the language of the page."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from console import json_view as shown
from console.access import MenuEntry
from console.desk import Desk
from console.i18n import COOKIE, Lang, Words, choose, read_words

HERE: Final = Path(__file__).parent
STAFF_COOKIE: Final = "tf_name"
STAFF: Final = "staff"
"""Who acted, until a name is given or there are accounts."""
YEAR_SECONDS: Final = 365 * 86400
SEVERITY_ICONS: Final = {"P1": "▲", "P2": "◆", "P3": "●", "P4": "○"}
HTMX_CONFIG: Final = json.dumps(
    {
        "includeIndicatorStyles": False,  # it would be an inline style
        "allowEval": False,
        "allowScriptTags": False,
        "selfRequestsOnly": True,
        "historyCacheSize": 0,  # staff pages are not kept in the browser
        "refreshOnHistoryMiss": True,
        "defaultSwapStyle": "innerHTML",
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "409|422", "swap": True, "error": False},
            {"code": "...", "swap": False, "error": True},
        ],
    }
)


class Renderer:
    """Turns a template and values into a page."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.menu: list[tuple[MenuEntry, str]] = []
        """Entries with their paths, in order; filled once the routes are known."""
        self._words = read_words(HERE / "locale")
        self._versions: dict[str, str] = {}
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            {
                "static": self._static,
                "severity_icons": SEVERITY_ICONS,
                "CARD_LENGTH": shown.CARD_LENGTH,
                "PAGE_LENGTH": shown.PAGE_LENGTH,
                "STAFF": STAFF,
                "htmx_config": HTMX_CONFIG,
                "pieces": shown.pieces,
                "zip": zip,
                "drill": desk.drill,
                "menu": self.menu,
                "span": shown.countdown,
            }
        )
        filters: dict[str, Callable[..., object]] = {
            "cut": shown.cut,
            "one_line": shown.one_line,
            "iso": shown.iso,
            "moment": lambda at: shown.moment(at, desk.clock.now(), desk.zone),
            "web_address": shown.web_address,
            "brand": lambda name: desk.brands.get(name, name),
        }
        self._environment.filters.update(filters)

    def words(self, lang: Lang) -> Words:
        return self._words[lang]

    def lang(self, request: Request) -> Lang:
        """The language this browser gets."""
        return choose(
            request.query_params.get("lang"),
            request.cookies.get(COOKIE),
            request.headers.get("accept-language", ""),
            self.desk.language,
        )

    def text(self, template: str, lang: Lang, values: Mapping[str, object]) -> str:
        """Render to text that can be encoded, whatever strangers wrote."""
        words = self._words[lang]
        now = self.desk.clock.now()
        return shown.encodable(
            self._environment.get_template(template).render(
                t=words,
                lang=lang,
                now=now,
                brand_name=self.desk.brand_name,
                left=lambda due: shown.countdown((due - now).total_seconds()),
                since=lambda at: _span(words, (now - at).total_seconds()),
                pressure=lambda due, answered: shown.pressure(due, answered, now),
                **values,
            )
        )

    def response(
        self,
        request: Request,
        template: str,
        values: Mapping[str, object],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """Render to an answer; keeps the language where it was asked for by ``?lang=``."""
        lang = self.lang(request)
        found = HTMLResponse(
            self.text(template, lang, {"path": request.url.path, **values}),
            status_code=status,
            headers={"Content-Language": lang, **(headers or {})},
        )
        if request.query_params.get("lang") == lang:
            found.set_cookie(COOKIE, lang, max_age=YEAR_SECONDS, httponly=True, samesite="lax")
        return found

    def _static(self, name: str) -> str:
        """The address of a static file, which changes with its content."""
        if name not in self._versions:
            content = (HERE / "static" / name).read_bytes()
            self._versions[name] = hashlib.sha256(content).hexdigest()[:12]
        return f"/static/{name}?v={self._versions[name]}"


def _span(words: Words, seconds: float) -> str:
    """How long something has lasted, in words. As static/countdown.js."""
    minutes = max(0, int(seconds // 60))
    if minutes < 60:
        return words("span.minutes", m=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return words("span.hours", h=hours, m=minutes)
    return words("span.days", d=hours // 24)
