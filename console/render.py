"""Renders Jinja templates: autoescaped, strict about undefined names, in the language of a page."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse

from console import formatting
from console.context import ConsoleContext
from console.i18n import COOKIE, Lang, Translator, language_of, translators
from core.model.event_text import whole_text

HERE: Final = Path(__file__).parent
STAFF_COOKIE: Final = "tf_name"
STAFF: Final = "staff"
"""Author of changes by a browser that has not given a name."""
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


@dataclass(frozen=True, kw_only=True, slots=True)
class MenuItem:
    """A link in the menu of staff pages; its text is the message ``nav.NAME``."""

    name: str
    path: str
    figure: str | None = None
    """Name of the field of core.model.figures.Figures shown beside it."""


class Renderer:
    """Renders templates with the filters and globals of the console."""

    def __init__(self, context: ConsoleContext, menu: Sequence[MenuItem]) -> None:
        self.context = context
        self._translators = translators(context.catalogue)
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
                "CARD_LENGTH": formatting.CARD_LENGTH,
                "PAGE_LENGTH": formatting.PAGE_LENGTH,
                "STAFF": STAFF,
                "htmx_config": HTMX_CONFIG,
                "mark_evidence": formatting.mark_evidence,
                "zip": zip,
                "drill": context.drill,
                "span": formatting.countdown,
                "menu": menu,
            }
        )
        filters: dict[str, Callable[..., object]] = {
            "cut": formatting.cut,
            "one_line": formatting.one_line,
            "iso": formatting.iso,
            "moment": lambda at: formatting.moment(at, context.clock.now(), context.zone),
            "web_address": formatting.web_address,
            "brand": lambda name: context.brands.get(name, name),
            "whole_text": whole_text,
        }
        self._environment.filters.update(filters)

    def translator(self, lang: Lang) -> Translator:
        return self._translators[lang]

    def lang(self, connection: HTTPConnection) -> Lang:
        """The language of the response to a request or of a WebSocket."""
        return language_of(connection, self.context.language)

    def text(self, template: str, lang: Lang, values: Mapping[str, object]) -> str:
        """Render to text that UTF-8 can encode, whatever the values hold."""
        translator = self._translators[lang]
        now = self.context.clock.now()
        return formatting.encodable(
            self._environment.get_template(template).render(
                t=translator,
                lang=lang,
                now=now,
                brand_name=self.context.brand_name,
                left=lambda due: formatting.countdown((due - now).total_seconds()),
                since=lambda at: _age(translator, (now - at).total_seconds()),
                urgency=lambda due, answered: formatting.urgency(due, answered, now),
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
        """Render to a response; ``?lang=`` in the request is kept in a cookie."""
        lang = self.lang(request)
        response = HTMLResponse(
            self.text(template, lang, {"path": request.url.path, **values}),
            status_code=status,
            headers={"Content-Language": lang, **(headers or {})},
        )
        if request.query_params.get("lang") == lang:
            response.set_cookie(COOKIE, lang, max_age=YEAR_SECONDS, httponly=True, samesite="lax")
        return response

    def _static(self, name: str) -> str:
        """The URL of a static file, with a hash of its content so that browsers may cache it."""
        if name not in self._versions:
            content = (HERE / "static" / name).read_bytes()
            self._versions[name] = hashlib.sha256(content).hexdigest()[:12]
        return f"/static/{name}?v={self._versions[name]}"


def _age(translator: Translator, seconds: float) -> str:
    """An age in words, as in static/countdown.js."""
    minutes = max(0, int(seconds // 60))
    if minutes < 60:
        return translator("span.minutes", m=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return translator("span.hours", h=hours, m=minutes)
    return translator("span.days", d=hours // 24)
