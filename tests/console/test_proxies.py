"""A proxy in front does not publish the console, and a guard comes before any redirect."""

import asyncio

import aiohttp
import pytest
from starlette.routing import Mount

from console.security import GuardedRoute, GuardedSocket
from tests.console.pages import path_of
from tests.console.running import RunningConsole

TRACES = (
    *("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port"),
    *("X-Forwarded-Server", "X-Forwarded-Prefix", "X-Forwarded-Scheme", "X-Forwarded-Ssl"),
    *("x-forwarded-client-cert", "Via", "X-Real-IP", "X-Client-IP", "True-Client-IP"),
    *("X-Cluster-Client-IP", "CF-Connecting-IP", "CF-Ray", "CDN-Loop", "X-Original-Host"),
    *("X-Original-Forwarded-For", "X-Envoy-External-Address", "X-Amzn-Trace-Id"),
)
FOREIGN_HOSTS = (
    *("evil.example", "shop.example:8080", "10.0.0.7", "127.0.0.1.evil.example", "localhost."),
    *("user@evil.example", "evil.example/127.0.0.1", "[::2]:8080", "xn--localhost-.example", ""),
)


def staff_paths(console: RunningConsole) -> list[str]:
    return [
        path_of(route)
        for route in console.routes
        if isinstance(route, GuardedRoute)
        and route.who == "staff"
        and "GET" in (route.methods or ())
    ]


async def raw(console: RunningConsole, *lines: str) -> str:
    """The answer to a request that is written as it stands."""
    port = int(console.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join((*lines, "", "")).encode())
    answer = (await reader.read()).decode("utf-8", "replace")
    writer.close()
    return answer


@pytest.mark.parametrize("header", TRACES)
@pytest.mark.parametrize("value", ["127.0.0.1", "https", ""])
async def test_any_trace_of_a_proxy_is_not_this_machine(
    console: RunningConsole, header: str, value: str
) -> None:
    async with aiohttp.ClientSession(console.url, headers={header: value}) as browser:
        for path in ("/", "/tickets", "/api/health", "/metrics", "/nothing"):
            async with browser.get(path) as answer:
                assert answer.status == 403, path
                assert "代理" in await answer.text() or path.startswith("/api/")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await browser.ws_connect("/live")


async def test_a_plain_proxy_pass_of_nginx_opens_nothing(console: RunningConsole) -> None:
    """What nginx sends where it is told nothing but the address: HTTP/1.0, and our own name."""
    host = console.url.removeprefix("http://")
    for path in staff_paths(console):
        answer = await raw(console, f"GET {path} HTTP/1.0", f"Host: {host}", "Connection: close")
        assert answer.split()[1] == "403", path


async def test_a_page_opened_under_another_name_opens_nothing(console: RunningConsole) -> None:
    for name in (
        "https://console.shop.example/",
        "http://10.0.0.7:8080/tickets",
        "https://[::2]/x",
    ):
        headers = {"Sec-Fetch-Site": "same-origin", "Referer": name}
        async with (
            aiohttp.ClientSession(console.url, headers=headers) as browser,
            browser.get("/tickets") as answer,
        ):
            assert answer.status == 403, name


async def test_this_machine_still_opens_everything(console: RunningConsole) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Referer": f"{console.url}/tickets"}
    async with aiohttp.ClientSession(console.url, headers=headers) as browser:
        for path in ("/", "/tickets", "/tickets/", "/api/health", "/metrics"):
            async with browser.get(path) as answer:
                assert answer.status == 200, path


async def test_shoppers_and_platforms_come_through_a_proxy(console: RunningConsole) -> None:
    headers = {"X-Forwarded-For": "8.8.8.8", "Via": "1.1 proxy", "Host": "chat.shop.example"}
    async with aiohttp.ClientSession(console.url, headers=headers) as browser:
        for path in ("/chat", "/chat.js", "/health"):
            async with browser.get(path) as answer:
                assert answer.status == 200, path
        async with browser.get("/chat/", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (307, "/chat")


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_no_path_answers_a_foreign_host_before_the_guard(
    console: RunningConsole, host: str
) -> None:
    """With a slash too many, with an unknown method or name: 403, and no redirect anywhere."""
    paths = [way for path in staff_paths(console) for way in (path, f"{path}/", f"{path}//")]
    for path in (*paths, "//evil.example/", "/tickets/%5Cevil.example/", "/no/such/page"):
        answer = await raw(console, f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close")
        assert answer.split()[1] in {"403", "400"}, (path, answer)
        assert "location:" not in answer.lower(), (path, answer)


async def test_a_slash_too_many_leads_to_the_page_without_naming_a_host(
    console: RunningConsole,
) -> None:
    async with aiohttp.ClientSession(console.url) as browser:
        for path, where in (
            ("/tickets/?state=open&text=a%20b", "/tickets?state=open&text=a%20b"),
            ("/drafts//", "/drafts"),
            ("/tickets/T-1001/", "/tickets/T-1001"),
            ("/incidents/%E9%9D%A2/", "/incidents/%E9%9D%A2"),
        ):
            async with browser.get(path, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (307, where)
    host = console.url.removeprefix("http://")
    for path in ("//evil.example/", "/no/such/page", "/static", "/tickets/a/b/c/"):
        found = await raw(console, f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close")
        assert found.split()[1] == "404", path


def test_every_route_has_a_guard(console: RunningConsole) -> None:
    assert all(isinstance(one, GuardedRoute | GuardedSocket | Mount) for one in console.routes)
