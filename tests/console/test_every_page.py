"""The contract of pages, held by every page of the registry.

A page is found here because it is registered. A path parameter that is new needs a value in
``tests.console.pages.PARAMETERS``.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest
from starlette.routing import BaseRoute

from cli.catalogue import shipped_catalogue
from console.i18n import LANGS, translators
from console.pages.base import ConsolePage
from console.pages.registry import PAGES
from console.security import GuardedRoute, GuardedSocket, PublicFiles, UnknownPath
from core.model.health import Health
from tests.console.pages import EVIL, fill, path_of, routes_of
from tests.console.running import RunningConsole, failing, open_console
from tests.console.seeds import NOW, add_dead_letters

SECRET = "只有员工可以看到"
FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
STORE_METHODS = (
    *("mentions.get", "mentions.find", "tickets.find", "tickets.get", "outbox.drafts"),
    *("alerts.recent", "incidents.find", "maintenance.figures"),
)

FAULTS = {
    "unnamed": (
        "<img src='/static/icon.svg'>",
        "<input name='q'>",
        "<select name='s'></select>",
        "<button></button>",
        "<a href='/'></a>",
    ),
    "runnable": (
        "<script>alert(1)</script>",
        "<script src='https://evil.example/x.js'></script>",
        "<p onclick='x()'>x</p>",
        "<p style='color: red'>x</p>",
        "<a href='javascript:x()'>x</a>",
        "<iframe src='/'></iframe>",
    ),
}
"""HTML that each check has to find."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)


class Outline(HTMLParser):
    """The parts of a page that a browser could run, and those that assistive technology reads."""

    VOID = frozenset({"input", "img", "meta", "link", "br", "hr", "col", "wbr", "source"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.runnable: list[str] = []
        self.unnamed: list[str] = []
        self.ids: Counter[str] = Counter()
        self.language = ""
        self.landmarks: Counter[str] = Counter()
        self.headings: list[str] = []
        self.title = ""
        self.text = ""
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._labelled: set[str] = set()
        self._controls: list[tuple[str, dict[str, str], bool]] = []
        self.feed(html)
        self.close()
        for tag, names, is_wrapped in self._controls:
            is_named = is_wrapped or "aria-label" in names or names.get("id") in self._labelled
            if not is_named:
                self.unnamed.append(f"{tag} {names}")

    @property
    def is_page(self) -> bool:
        return bool(self.language)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name: value or "" for name, value in attrs}
        self._check_runnable(tag, names)
        if "id" in names:
            self.ids[names["id"]] += 1
        if tag == "html":
            self.language = names.get("lang", "")
        if tag == "img" and "alt" not in names:
            self.unnamed.append(f"img {names}")
        if tag == "label" and "for" in names:
            self._labelled.add(names["for"])
        if tag in {"input", "select", "textarea"} and names.get("type") not in {"hidden", "submit"}:
            is_wrapped = any(other == "label" for other, _, _ in self._open)
            self._controls.append((tag, names, is_wrapped))
        if tag not in self.VOID:
            self._open.append((tag, names, []))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            found, names, texts = self._open.pop()
            text = "".join(texts).strip()
            if self._open:
                self._open[-1][2].extend(texts)
            if found in {"main", "nav", "header"}:
                self.landmarks[found] += 1
            if found in {"h1", "h2", "h3"}:
                self.headings.append(found)
            if found == "title":
                self.title = text
            is_named = text or names.get("aria-label") or "hidden" in names
            if found in {"button", "a"} and not is_named:
                self.unnamed.append(f"{found} {names}")
            if found == tag:
                break

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open:
            self._open[-1][2].append(data)

    def _check_runnable(self, tag: str, names: dict[str, str]) -> None:
        if tag == "script" and not names.get("src", "").startswith("/static/"):
            self.runnable.append(f"script {names}")
        if tag in {"style", "iframe", "object", "embed", "base"}:
            self.runnable.append(tag)
        for name, value in names.items():
            if name.startswith(("on", "hx-on")) or name == "style":
                self.runnable.append(f"{tag} {name}")
            if name in {"href", "src", "action"} and value.lower().startswith("javascript"):
                self.runnable.append(f"{tag} {name}={value}")


@pytest.fixture
async def filled(console: RunningConsole) -> RunningConsole:
    """A console whose pages have something to show."""
    await fill(console.store, SECRET)
    await add_dead_letters(console.store)
    console.health.append(Health(name="weibo", status="retrying", since=NOW, reason="503"))
    return console


def paths(
    console: RunningConsole, page: type[ConsolePage], method: str
) -> Iterator[tuple[str, GuardedRoute]]:
    """Paths of the page's HTTP routes for a method, each with its route."""
    for route in routes_of(console, page):
        if isinstance(route, GuardedRoute) and method in (route.methods or ()):
            yield path_of(route), route


async def pages_of(
    console: RunningConsole, page: type[ConsolePage], lang: str
) -> AsyncIterator[tuple[str, Outline]]:
    """Each whole HTML page among the page's routes; fragments and data are left out."""
    async with aiohttp.ClientSession(console.url) as browser:
        for path, _ in paths(console, page, "GET"):
            async with browser.get(path, params={"lang": lang}) as answer:
                if answer.content_type == "text/html" and answer.status == 200:
                    outline = Outline(await answer.text())
                    if outline.is_page:
                        yield path, outline


def test_every_route_belongs_to_a_registered_page_and_declares_its_audience(
    console: RunningConsole,
) -> None:
    owned = [route for page in PAGES for route in routes_of(console, page)]
    others = [route for route in console.routes if route not in owned]
    assert [type(route) for route in others] == [PublicFiles, UnknownPath]
    assert all(isinstance(route, GuardedRoute | GuardedSocket) for route in owned)


def test_only_these_routes_are_not_for_staff(console: RunningConsole) -> None:
    """A page for anyone else has to be added here, too."""

    def audience(route: BaseRoute) -> str:
        assert isinstance(route, GuardedRoute | GuardedSocket | PublicFiles)
        return route.who

    assert {
        (path_of(one), audience(one)) for one in console.routes if audience(one) != "staff"
    } == {
        ("/chat", "shopper"),
        ("/chat.js", "shopper"),
        ("/chat/ws", "shopper"),
        ("/health", "public"),
        ("/push/wechat", "public"),
        ("/push/wechat/verify", "public"),
        ("/static", "public"),
    }


@every_page
async def test_staff_routes_refuse_a_foreign_host(
    filled: RunningConsole, page: type[ConsolePage]
) -> None:
    async with aiohttp.ClientSession(filled.url, headers={"Host": "evil.example"}) as browser:
        for path, route in paths(filled, page, "GET"):
            if route.who == "staff":
                async with browser.get(path) as answer:
                    assert answer.status == 403, path
                    assert SECRET not in await answer.text(), path


@every_page
async def test_changes_from_a_foreign_site_are_refused(
    filled: RunningConsole, page: type[ConsolePage]
) -> None:
    async with aiohttp.ClientSession(filled.url, headers=FOREIGN) as browser:
        for path, route in paths(filled, page, "POST"):
            if route.who != "public":
                async with browser.post(path, data={"do": "resolve"}) as answer:
                    assert answer.status == 403, path
        for one in routes_of(filled, page):
            if isinstance(one, GuardedSocket):
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await browser.ws_connect(path_of(one))
                assert refused.value.status == 403, one.path


@every_page
@pytest.mark.parametrize("lang", LANGS)
async def test_pages_open_in_every_language(
    filled: RunningConsole, page: type[ConsolePage], lang: str
) -> None:
    async for path, outline in pages_of(filled, page, lang):
        assert outline.language == {"zh": "zh-CN", "en": "en"}[lang], path


@every_page
async def test_pages_are_accessible_in_the_basics(
    filled: RunningConsole, page: type[ConsolePage]
) -> None:
    async for path, outline in pages_of(filled, page, "en"):
        assert outline.title, f"{path} has no title"
        assert outline.landmarks["main"] == 1, path
        assert outline.headings.count("h1") >= 1, f"{path} has no h1"
        assert outline.unnamed == [], path
        assert {name for name, times in outline.ids.items() if times > 1} == set(), path


@every_page
async def test_untrusted_text_is_shown_and_never_run(
    console: RunningConsole, page: type[ConsolePage]
) -> None:
    await fill(console.store, EVIL)
    console.health.append(
        Health(name="weibo", status="refused", since=NOW, reason=EVIL, detail=((EVIL, EVIL),))
    )
    async for path, outline in pages_of(console, page, "zh"):
        assert outline.runnable == [], path
        assert "49" not in outline.text or "{{7*7}}" in outline.text, path


@every_page
async def test_responses_restrict_the_browser(
    filled: RunningConsole, page: type[ConsolePage]
) -> None:
    async with aiohttp.ClientSession(filled.url) as browser:
        for path, _ in paths(filled, page, "GET"):
            async with browser.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy, path
                assert "unsafe" not in policy, path
                assert answer.headers["X-Content-Type-Options"] == "nosniff", path
                assert "Traceback" not in await answer.text(), path


@every_page
async def test_an_empty_form_is_refused_or_redirected(
    filled: RunningConsole, page: type[ConsolePage]
) -> None:
    async with aiohttp.ClientSession(filled.url) as browser:
        for path, route in paths(filled, page, "POST"):
            if route.who == "staff":
                form = aiohttp.FormData({"": ""})
                async with browser.post(path, data=form, allow_redirects=False) as answer:
                    assert answer.status in {303, 400, 404, 409, 422} or (
                        answer.status == 200 and "Traceback" not in await answer.text()
                    ), path


@every_page
async def test_a_failing_store_is_reported_without_a_traceback(
    tmp_path: Path, page: type[ConsolePage]
) -> None:
    async with (
        open_console(tmp_path, wrap=failing(*STORE_METHODS)) as console,
        aiohttp.ClientSession(console.url) as browser,
    ):
        for path, _ in paths(console, page, "GET"):
            async with browser.get(path) as answer:
                assert answer.status != 500, path
                assert "Traceback" not in await answer.text(), path


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.menu is not None], ids=lambda page: page.__name__
)
async def test_a_menu_item_leads_to_its_page_and_is_marked_there(
    filled: RunningConsole, page: type[ConsolePage]
) -> None:
    assert page.menu is not None
    assert page.menu.path in {path for path, _ in paths(filled, page, "GET")}
    async with (
        aiohttp.ClientSession(filled.url) as browser,
        browser.get(page.menu.path, params={"lang": "en"}) as answer,
    ):
        html = await answer.text()
    label = translators(shipped_catalogue())["en"](f"nav.{page.menu.name}")
    assert f'<a href="{page.menu.path}" aria-current="page">{label}' in html


@pytest.mark.parametrize(
    ("check", "html"), [(check, html) for check, found in FAULTS.items() for html in found]
)
def test_a_fault_in_a_page_is_found(check: str, html: str) -> None:
    assert len(getattr(Outline(html), check)) == 1
    named = "<label>Search <input name='q'></label><button aria-label='Close'></button>"
    assert getattr(Outline(named), check) == []
