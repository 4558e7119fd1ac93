"""Audience may call what."""

import aiohttp
import pytest
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from console.security import (
    AccessPolicy,
    Audience,
    UnguardedRoute,
    is_loopback_name,
    refusal,
    require_guarded,
)

POLICY = AccessPolicy(chat_origins=frozenset({"https://www.example.com"}))


def connection(
    *, client: str | None = "127.0.0.1", method: str = "GET", kind: str = "http", **headers: str
) -> HTTPConnection:
    """A connection from ``client`` with headers; ``_`` in their names stands for ``-``."""
    named = {"host": "127.0.0.1:8080"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return HTTPConnection(
        {
            "type": kind,
            "method": method,
            "client": None if client is None else (client, 5000),
            "headers": [(k.encode(), v.encode()) for k, v in named.items()],
        }
    )


class TestRefusal:
    @pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
    def test_staff_pass_from_this_machine(self, client: str) -> None:
        assert refusal("staff", connection(client=client), POLICY) is None

    @pytest.mark.parametrize("client", ["10.0.0.7", "8.8.8.8", "::2", "unix", None])
    def test_staff_pass_from_nowhere_else(self, client: str | None) -> None:
        assert refusal("staff", connection(client=client), POLICY) == "not_local"

    @pytest.mark.parametrize("header", ["forwarded", "x_forwarded_for", "x_real_ip"])
    def test_forwarded_requests_are_not_local(self, header: str) -> None:
        assert refusal("staff", connection(**{header: "127.0.0.1"}), POLICY) == "proxied"

    @pytest.mark.parametrize(
        "host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "10.0.0.7"]
    )
    def test_a_foreign_host_is_refused(self, host: str) -> None:
        assert not is_loopback_name(host)
        assert refusal("staff", connection(host=host), POLICY) == "foreign_host"

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:8080"])
    def test_this_machine_has_several_names(self, host: str) -> None:
        assert refusal("staff", connection(host=host), POLICY) is None

    @pytest.mark.parametrize("who", ["staff", "shopper"])
    @pytest.mark.parametrize(("method", "kind"), [("POST", "http"), ("GET", "websocket")])
    @pytest.mark.parametrize(
        ("origin", "passes"),
        [
            ("http://127.0.0.1:8080", True),
            ("HTTP://127.0.0.1:8080", True),
            ("http://127.0.0.1:9999", False),
            ("http://evil.example", False),
            ("file://127.0.0.1:8080", False),
            ("null", False),
            ("", False),
        ],
    )
    def test_changes_come_from_our_own_pages(
        self, who: Audience, method: str, kind: str, origin: str, passes: bool
    ) -> None:
        found = refusal(who, connection(method=method, kind=kind, origin=origin), POLICY)
        assert found == (None if passes else "foreign_origin")

    def test_a_default_port_may_be_left_out(self) -> None:
        asked = connection(host="chat.example", origin="https://chat.example:443", method="POST")
        assert refusal("shopper", asked, POLICY) is None

    def test_reading_needs_no_origin(self) -> None:
        assert refusal("staff", connection(origin="http://evil.example"), POLICY) is None

    def test_a_script_without_an_origin_may_change(self) -> None:
        assert refusal("staff", connection(method="POST"), POLICY) is None

    def test_a_browser_without_an_origin_is_checked_by_fetch_metadata(self) -> None:
        asked = connection(method="POST", sec_fetch_site="cross-site")
        assert refusal("staff", asked, POLICY) == "foreign_origin"

    def test_shoppers_may_come_from_the_brands_own_site(self) -> None:
        origin = "https://www.example.com"
        socket = connection(client="8.8.8.8", kind="websocket", host="x", origin=origin)
        assert refusal("shopper", socket, POLICY) is None
        assert (
            refusal("staff", connection(method="POST", origin=origin), POLICY) == "foreign_origin"
        )

    def test_public_routes_are_open_to_anyone(self) -> None:
        asked = connection(client="8.8.8.8", method="POST", host="x", origin="https://a.example")
        assert refusal("public", asked, POLICY) is None


def test_a_route_without_an_audience_is_an_error() -> None:
    with pytest.raises(UnguardedRoute, match="/open"):
        require_guarded([Route("/open", PlainTextResponse("x"))])


async def test_a_refusal_is_explained_in_words_and_in_json(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/", headers={"Host": "evil.example"}) as answer:
        assert "127.0.0.1" in await answer.text()
    async with browser.get("/api/health", headers={"Host": "evil.example"}) as answer:
        assert (await answer.json())["error"] == "foreign_host"
