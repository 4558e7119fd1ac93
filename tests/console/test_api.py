"""The JSON API, the probes and the pushes."""

import asyncio
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from core.connector import PushRequest, PushResponse
from core.model.health import Health, Status
from tests.console.running import RunningConsole, open_console
from tests.console.seeds import (
    NOW,
    add_alert,
    add_dead_letters,
    add_incident,
    add_mention,
    event,
    reply,
    ticket,
)
from tests.driven_clock import WATCHDOG_SECONDS

Found = dict[str, object]


async def get(browser: aiohttp.ClientSession, path: str, status: int = 200) -> Found:
    async with browser.get(path) as answer:
        assert answer.status == status, await answer.text()
        assert answer.headers["Content-Type"] == "application/json"
        return cast("Found", await answer.json())


async def fill(console: RunningConsole) -> None:
    what = event("1", "面包发霉了\ud83d")
    await add_mention(
        console.store, what, ticket=ticket("T-1", what), replies=(reply("d-1", what, "抱歉"),)
    )
    await add_alert(console.store, "a-1")


class TestApi:
    async def test_mentions_are_filtered_and_found_by_seq(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await fill(console)
        found = await get(browser, "/api/mentions?sentiment=negative&limit=5")
        (handled,) = cast("list[Found]", found["mentions"])
        assert handled["ticket"] == "T-1"
        assert found["next"] is None
        mention = cast("Found", (await get(browser, "/api/mentions/1"))["mention"])
        assert cast("Found", mention["event"])["text"] == "面包发霉了\ud83d"
        await get(browser, "/api/mentions/2", 404)

    async def test_incidents_are_listed_and_found_by_id(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await add_incident(console.store, title="面包发霉")
        (incident,) = cast("list[Found]", (await get(browser, "/api/incidents"))["incidents"])
        assert incident["id"] == "INC-101"
        assert (await get(browser, "/api/incidents/INC-101"))["title"] == "面包发霉"
        await get(browser, "/api/incidents/INC-9", 404)
        await get(browser, "/api/drill", 404)

    async def test_pages_of_mentions_are_complete_and_distinct(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        for number in range(5):
            await add_mention(console.store, event(f"{number}", "面包"))
        seen: list[object] = []
        path = "/api/mentions?limit=2"
        while True:
            found = await get(browser, path)
            items = cast("list[Found]", found["mentions"])
            seen += [cast("Found", item["mention"])["seq"] for item in items]
            if found["next"] is None:
                break
            path = f"/api/mentions?limit=2&before={found['next']}"
        assert seen == [5, 4, 3, 2, 1]
        assert (
            len(cast("list[Found]", (await get(browser, "/api/mentions?limit=999"))["mentions"]))
            == 5
        )

    async def test_tickets_are_listed_and_found_by_number(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await fill(console)
        (found,) = cast("list[Found]", (await get(browser, "/api/tickets"))["tickets"])
        assert (found["number"], found["state"]) == ("T-1", "open")
        one = await get(browser, "/api/tickets/T-1")
        assert cast("Found", one["ticket"])["severity"] == "P2"
        assert isinstance(one["lines"], list)
        await get(browser, "/api/tickets/T-2", 404)

    async def test_drafts_alerts_health_and_figures_are_listed(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await fill(console)
        console.health.append(
            Health(name="weibo", status="connected", since=NOW, bearable=timedelta(hours=2))
        )
        (draft,) = cast("list[Found]", (await get(browser, "/api/drafts"))["drafts"])
        assert draft["key"] == "d-1"
        (alert,) = cast("list[Found]", (await get(browser, "/api/alerts"))["alerts"])
        assert alert["state"] == "firing"
        (health,) = cast("list[Found]", (await get(browser, "/api/health"))["connectors"])
        assert health["since"] == "2025-11-21T12:00:00.000Z"
        assert health["bearable"] == 7200, "seconds"
        found = await get(browser, "/api/figures")
        assert cast("Found", found["figures"])["drafts"] == 1
        assert cast("Found", found["counts"])["done"] == 1

    @pytest.mark.parametrize(
        "path", ["/api/mentions?limit=x", "/api/mentions?sentiment=x", "/api/tickets?state=x"]
    )
    async def test_errors_are_json(self, browser: aiohttp.ClientSession, path: str) -> None:
        found = await get(browser, path, 400)
        assert found["error"] == "input"
        assert found["message"]
        await get(browser, "/api/nope", 404)


class TestHealth:
    @pytest.mark.parametrize(
        ("statuses", "overall", "status"),
        [
            ((), "ok", 200),
            (("connected", "finished"), "ok", 200),
            (("connected", "retrying"), "degraded", 200),
            (("connected", "refused"), "degraded", 200),
            (("refused", "stopped"), "failing", 503),
        ],
    )
    async def test_status_follows_the_connectors(
        self,
        console: RunningConsole,
        browser: aiohttp.ClientSession,
        statuses: tuple[Status, ...],
        overall: str,
        status: int,
    ) -> None:
        console.health += [
            Health(name=f"c{n}", status=name, since=NOW, reason="token=secret")
            for n, name in enumerate(statuses)
        ]
        found = await get(browser, "/health", status)
        assert found["status"] == overall
        assert found["connectors"] == {f"c{n}": name for n, name in enumerate(statuses)}
        assert "secret" not in str(found)


async def test_metrics_of_events_sum_to_the_total(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    now = console.clock.now()
    await add_mention(console.store, event("1", "面包", posted_at=now - timedelta(minutes=1)))
    await add_dead_letters(console.store)
    console.health.append(Health(name="weibo", status="retrying", since=NOW, events=7, restarts=2))
    async with browser.get("/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        lines = (await answer.text()).splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    states = ("done", "pending", "dead", "dropped")
    total = sum(float(found[f'tingfeng_events{{state="{state}"}}']) for state in states)
    assert total == float(found["tingfeng_events_received_total"]) == 3
    assert found['tingfeng_connector_status{connector="weibo",status="retrying"}'] == "1.0"
    assert found['tingfeng_connector_status{connector="weibo",status="connected"}'] == "0.0"
    assert found['tingfeng_connector_restarts_total{connector="weibo"}'] == "2.0"
    assert found["tingfeng_mentions_last_hour"] == "1.0"
    assert any(name.startswith("python_info") for name in found)


class Platform:
    """A connector that is pushed to, and remembers what it was handed."""

    def __init__(self) -> None:
        self.got: list[PushRequest] = []

    async def handle_http(self, request: PushRequest) -> PushResponse:
        self.got.append(request)
        return PushResponse(status=202, body=request.query.get("echo", "").encode())


class SecretPlatform(Platform):
    """A connector that knows its platform by a header."""

    def screen(self, request: PushRequest) -> PushResponse | None:
        assert request.body == b""
        return None if request.headers.get("x-secret") == "right" else PushResponse(status=403)


class TestPush:
    @pytest.mark.parametrize("secret", ["", "wrong"])
    @pytest.mark.parametrize("said", [b"", b"x" * 1000])
    async def test_a_body_without_the_secret_is_not_read(
        self, tmp_path: Path, secret: str, said: bytes
    ) -> None:
        platform = SecretPlatform()
        async with open_console(tmp_path, pushed={"tg": platform}) as console:
            host, port = console.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            head = f"POST /push/tg HTTP/1.1\r\nHost: {host}\r\nX-Secret: {secret}\r\n"
            writer.write(f"{head}Content-Length: {4 << 20}\r\n\r\n".encode() + said)
            async with asyncio.timeout(WATCHDOG_SECONDS):
                assert (await reader.readline()).split()[1] == b"403"
            writer.close()
        assert platform.got == []

    async def test_a_body_with_the_secret_is_handed_over(self, tmp_path: Path) -> None:
        platform = SecretPlatform()
        async with (
            open_console(tmp_path, pushed={"tg": platform}) as console,
            aiohttp.ClientSession(console.url, headers={"X-Secret": "right"}) as browser,
            browser.post("/push/tg", data=b"{}") as answer,
        ):
            assert answer.status == 202
        assert [request.body for request in platform.got] == [b"{}"]

    async def test_push_reaches_its_connector_from_any_host(self, tmp_path: Path) -> None:
        platform = Platform()
        async with (
            open_console(tmp_path, pushed={"wechat": platform}) as console,
            aiohttp.ClientSession(console.url, headers={"Host": "chat.example"}) as browser,
        ):
            async with browser.post(
                "/push/wechat?echo=%E4%BD%A0", data=b"\x00<xml>", headers={"X-Signature": "s"}
            ) as answer:
                assert (answer.status, await answer.text()) == (202, "你")
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            async with browser.get("/push/wechat/verify/deep") as answer:
                assert answer.status == 202
            async with browser.post("/push/other") as answer:
                assert answer.status == 404
            async with browser.post("/push/wechat", data=BytesIO(b"x" * (4 << 20 | 1))) as answer:
                assert answer.status == 413
        first, second = platform.got
        assert (first.method, first.path, first.body) == ("POST", "/push/wechat", b"\x00<xml>")
        assert first.headers["x-signature"] == "s"
        assert (second.method, second.path) == ("GET", "/push/wechat/verify/deep")
