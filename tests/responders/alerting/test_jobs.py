"""What is looked after now and then."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.alerts import Alert
from core.clock import ManualClock
from core.events import Received
from core.health import Health, Status
from core.settings import ScheduleSettings
from core.tickets import Ticket
from responders.alerting.jobs import (
    alarm_dead_letter,
    alarm_silent_connectors,
    forget_what_is_old,
    remind_of_late_tickets,
)
from responders.templates import shipped_catalogue
from tests.builders import START
from tests.responders.parts import mention, ticket
from tests.stubs import StubMaintenance, StubTickets

TEXTS = shipped_catalogue()
CHINA = ZoneInfo("Asia/Shanghai")


@dataclass
class Desk:
    """Takes each key once, as the store does."""

    raised: dict[str, Alert] = field(default_factory=dict)

    async def raise_alert(self, alert: Alert) -> bool:
        if alert.key in self.raised:
            return False
        self.raised[alert.key] = alert
        return True

    def end(self, incident: str) -> None:
        raise NotImplementedError

    async def merge(self, gone: str, kept: str) -> None:
        raise NotImplementedError


@dataclass
class Late(StubTickets):
    """Tickets that stay late, however often one is reminded of them."""

    tickets: list[Ticket]
    reminded: list[tuple[str, datetime]] = field(default_factory=list)

    async def late(self, now: datetime) -> Sequence[Ticket]:
        return [one for one in self.tickets if one.due_at <= now]

    async def mark_reminded(self, number: str, at: datetime) -> None:
        self.reminded.append((number, at))


@dataclass
class Raw(StubMaintenance):
    asked: tuple[datetime, ...] = ()

    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int:
        self.asked = (raw, spam, messages, records)
        return 3


async def test_a_late_ticket_is_told_once_a_day() -> None:
    clock, desk = ManualClock(START), Desk()
    late = Late([ticket(), replace(ticket("T-1002"), owner="王敏", brand="")])

    async def remind() -> int:
        return await remind_of_late_tickets(
            late, desk, texts=TEXTS, language="zh", clock=clock, zone=CHINA
        )

    assert await remind() == 0
    await clock.advance(4 * 3600)
    assert await remind() == 2
    assert [number for number, _ in late.reminded] == ["T-1001", "T-1002"]
    assert await remind() == 0
    await clock.advance(24 * 3600)
    assert await remind() == 2
    first, second, *_ = desk.raised.values()
    assert (first.kind, first.severity, first.brand) == ("deadline", "P3", "hejia")
    assert "T-1001" in first.title
    assert "2026-03-02 21:00 UTC+8" in first.body
    assert "2026-03-02 21:00 UTC+8" in first.told("en").body
    assert "Ticket T-1001" in first.told("en").title
    assert "Owner: nobody" in first.told("en").body
    assert "无" in first.body
    assert "王敏" in second.body
    assert second.brand is None


async def test_what_is_old_ages_out_by_class() -> None:
    raw = Raw()
    schedule = ScheduleSettings(raw_days=90, spam_days=30, message_days=365, record_days=730)
    assert await forget_what_is_old(raw, schedule=schedule, clock=ManualClock(START)) == 3
    assert raw.asked == tuple(START - timedelta(days=days) for days in (90, 30, 365, 730))


def health(
    name: str, *, status: Status = "connected", heard: datetime | None = None, reason: str = ""
) -> Health:
    return Health(name=name, status=status, since=START, last_event_at=heard, reason=reason)


@pytest.mark.parametrize(("bearable", "minutes"), [(1, 60), (30, 24 * 60), (None, 24 * 60)])
async def test_silence_is_measured_by_what_is_usual_and_by_the_hours_set(
    bearable: float | None, minutes: int
) -> None:
    clock, desk = ManualClock(START), Desk()
    usual = None if bearable is None else timedelta(hours=bearable)
    states = [replace(health("busy", heard=START), bearable=usual)]

    async def look() -> int:
        return await alarm_silent_connectors(
            states, desk, started_at=START, hours=24, texts=TEXTS, language="en", clock=clock
        )

    await clock.advance(minutes * 60 - 1)
    assert await look() == 0
    await clock.advance(1)
    assert await look() == 1


async def test_what_is_refused_is_told_at_once() -> None:
    clock, desk = ManualClock(START), Desk()
    await clock.advance(90 * 60)
    states = [health("refused", status="refused", reason="401. Renew the token.")]
    raised = await alarm_silent_connectors(
        states, desk, started_at=START, hours=24, texts=TEXTS, language="en", clock=clock
    )
    (alert,) = desk.raised.values()
    assert raised == 1
    assert "1.5 hours" in alert.body
    assert "Renew the token" in alert.body


async def test_a_silent_connector_raises_one_alert_a_silence() -> None:
    clock, desk = ManualClock(START), Desk()
    states = [
        health("quiet"),
        health("heard", heard=START + timedelta(hours=20)),
        health("retrying", status="retrying", reason="down"),
        health("replay", status="finished"),
        health("off", status="stopped"),
    ]

    async def look() -> int:
        return await alarm_silent_connectors(
            states, desk, started_at=START, hours=24, texts=TEXTS, language="en", clock=clock
        )

    await clock.advance(24 * 3600 - 1)
    assert await look() == 0
    await clock.advance(1)
    assert await look() == 2
    assert {one.title for one in desk.raised.values()} == {
        "Nothing heard from channel quiet",
        "Nothing heard from channel retrying",
    }
    quiet, retrying = desk.raised.values()
    assert (quiet.kind, quiet.severity) == ("silence", "P2")
    assert "24 hours" in quiet.body
    assert quiet.told("zh").title == "渠道 quiet 没有新消息"
    assert "状态：已连接" in quiet.told("zh").body
    assert "State: connected" in quiet.told("en").body
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
async def test_a_message_that_cannot_be_processed_reaches_a_person_once(
    solicited: bool, severity: str
) -> None:
    desk, clock = Desk(), ManualClock(START)
    event = replace(mention().event, solicited=solicited)
    item = Received(seq=7, event=event, attempts=4, received_at=START)
    for expected in (True, False):
        raised = await alarm_dead_letter(
            item, "ValueError: 13800138000", desk, texts=TEXTS, language="zh", clock=clock
        )
        assert raised is expected
    [alert] = desk.raised.values()
    assert (alert.kind, alert.severity) == ("dead_letter", severity)
    assert "ValueError" in alert.body
    assert "ValueError" in alert.told("en").body
    assert alert.told("en").title.startswith("A message on")
    assert "13800138000" not in alert.body
