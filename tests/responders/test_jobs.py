"""Scheduled jobs, and the alerts they raise."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cli.catalogue import shipped_catalogue
from core.clock import ManualClock
from core.localized import UiLanguage
from core.model.alerts import Alert
from core.model.events import Received
from core.model.health import Health, Status
from core.model.tickets import Ticket
from core.settings import ScheduleSettings
from responders.jobs import (
    OperationalAlerts,
    apply_retention,
    remind_of_late_tickets,
    report_silent_connectors,
)
from tests.builders import START
from tests.responders.builders import mention, ticket
from tests.stubs import StubMaintenance, StubTickets


def texts(language: UiLanguage) -> OperationalAlerts:
    return OperationalAlerts(
        catalogue=shipped_catalogue(), language=language, zone=ZoneInfo("Asia/Shanghai")
    )


@dataclass
class RaisedAlerts:
    """Takes each key once, as the store does."""

    raised: dict[str, Alert] = field(default_factory=dict)

    async def raise_alert(self, alert: Alert) -> bool:
        if alert.key in self.raised:
            return False
        self.raised[alert.key] = alert
        return True

    # The jobs raise alerts and nothing else: a call of these would be a fault.
    def end(self, incident: str) -> None:
        raise NotImplementedError

    async def merge(self, gone: str, kept: str) -> None:
        raise NotImplementedError


@dataclass
class LateTickets(StubTickets):
    """Tickets that stay late, however often one is reminded of them."""

    tickets: list[Ticket]
    reminded: list[tuple[str, datetime]] = field(default_factory=list)

    async def late(self, now: datetime) -> Sequence[Ticket]:
        return [one for one in self.tickets if one.due_at <= now]

    async def mark_reminded(self, number: str, at: datetime) -> None:
        self.reminded.append((number, at))


@dataclass
class AgedStore(StubMaintenance):
    asked: tuple[datetime, ...] = ()

    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int:
        self.asked = (raw, spam, messages, records)
        return 3


async def test_a_late_ticket_is_alerted_once_a_day() -> None:
    clock, alerts = ManualClock(START), RaisedAlerts()
    late = LateTickets([ticket(), replace(ticket("T-1002"), owner="王敏", brand="")])

    async def remind() -> int:
        return await remind_of_late_tickets(late, alerts, texts("zh"), clock)

    assert await remind() == 0
    await clock.advance(4 * 3600)
    assert await remind() == 2
    assert [number for number, _ in late.reminded] == ["T-1001", "T-1002"]
    assert await remind() == 0
    await clock.advance(24 * 3600)
    assert await remind() == 2
    first, second, *_ = alerts.raised.values()
    assert (first.kind, first.severity, first.brand) == ("deadline", "P3", "hejia")
    assert "T-1001" in first.title
    assert "2026-03-02 21:00 UTC+8" in first.body
    assert "2026-03-02 21:00 UTC+8" in first.localized("en").body
    assert "Ticket T-1001" in first.localized("en").title
    assert "Owner: nobody" in first.localized("en").body
    assert "无" in first.body
    assert "王敏" in second.body
    assert second.brand is None


async def test_retention_passes_the_age_of_each_class() -> None:
    raw = AgedStore()
    schedule = ScheduleSettings(raw_days=90, spam_days=30, message_days=365, record_days=730)
    assert await apply_retention(raw, schedule, ManualClock(START)) == 3
    assert raw.asked == tuple(START - timedelta(days=days) for days in (90, 30, 365, 730))


def health(
    name: str, *, status: Status = "connected", heard: datetime | None = None, reason: str = ""
) -> Health:
    return Health(name=name, status=status, since=START, last_event_at=heard, reason=reason)


@pytest.mark.parametrize(("bearable", "minutes"), [(1, 60), (30, 24 * 60), (None, 24 * 60)])
async def test_the_limit_of_silence_is_the_usual_one_or_the_configured_hours(
    bearable: float | None, minutes: int
) -> None:
    clock, alerts = ManualClock(START), RaisedAlerts()
    usual = None if bearable is None else timedelta(hours=bearable)
    states = [replace(health("busy", heard=START), bearable=usual)]

    async def look() -> int:
        return await report_silent_connectors(
            states, alerts, texts("en"), started_at=START, hours=24, clock=clock
        )

    await clock.advance(minutes * 60 - 1)
    assert await look() == 0
    await clock.advance(1)
    assert await look() == 1


async def test_a_refused_connector_is_reported_at_once() -> None:
    clock, alerts = ManualClock(START), RaisedAlerts()
    await clock.advance(90 * 60)
    states = [health("refused", status="refused", reason="401. Renew the token.")]
    raised = await report_silent_connectors(
        states, alerts, texts("en"), started_at=START, hours=24, clock=clock
    )
    (alert,) = alerts.raised.values()
    assert raised == 1
    assert "1.5 hours" in alert.body
    assert "Renew the token" in alert.body


async def test_a_silent_connector_raises_one_alert_per_silence() -> None:
    clock, alerts = ManualClock(START), RaisedAlerts()
    states = [
        health("quiet"),
        health("heard", heard=START + timedelta(hours=20)),
        health("retrying", status="retrying", reason="down"),
        health("replay", status="finished"),
        health("off", status="stopped"),
    ]

    async def look() -> int:
        return await report_silent_connectors(
            states, alerts, texts("en"), started_at=START, hours=24, clock=clock
        )

    await clock.advance(24 * 3600 - 1)
    assert await look() == 0
    await clock.advance(1)
    assert await look() == 2
    assert {one.title for one in alerts.raised.values()} == {
        "Nothing heard from channel quiet",
        "Nothing heard from channel retrying",
    }
    quiet, retrying = alerts.raised.values()
    assert (quiet.kind, quiet.severity) == ("silence", "P2")
    assert "24 hours" in quiet.body
    assert quiet.localized("zh").title == "渠道 quiet 没有新消息"
    assert "状态：已连接" in quiet.localized("zh").body
    assert "State: connected" in quiet.localized("en").body
    assert "Reason: unknown" in quiet.body
    assert "Reason: down" in retrying.body
    await clock.advance(3600)
    assert await look() == 0, "the same silence is one alert"
    states[0] = health("quiet", heard=clock.now())
    await clock.advance(20 * 3600)
    assert await look() == 1, "the channel that was heard is silent now"
    await clock.advance(4 * 3600)
    assert await look() == 1, "a second silence is a second alert"


@pytest.mark.parametrize(("solicited", "severity"), [(True, "P2"), (False, "P3")])
async def test_a_dead_letter_raises_one_alert(solicited: bool, severity: str) -> None:
    alerts, clock = RaisedAlerts(), ManualClock(START)
    event = replace(mention().event, solicited=solicited)
    item = Received(seq=7, event=event, attempts=4, received_at=START)
    for expected in (True, False):
        failed = texts("zh").dead_letter(item, "ValueError: 13800138000", clock.now())
        assert await alerts.raise_alert(failed) is expected
    [alert] = alerts.raised.values()
    assert (alert.kind, alert.severity) == ("dead_letter", severity)
    assert "ValueError" in alert.body
    assert "ValueError" in alert.localized("en").body
    assert alert.localized("en").title.startswith("A message on")
    assert "13800138000" not in alert.body
