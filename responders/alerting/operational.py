"""Alerts about the operation itself: late tickets, silent connectors, events that failed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from core.i18n import Catalogue
from core.localized import LocalizedText, UiLanguage, in_each, local_time
from core.model.alerts import Alert
from core.model.events import Received
from core.model.health import Health
from core.model.tickets import Ticket
from core.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationalAlerts:
    """Writes the alerts; raising one again with the same key changes nothing."""

    catalogue: Catalogue
    language: UiLanguage
    """Language of title and body; ``wordings`` has both."""
    zone: tzinfo
    """Time zone of staff."""

    def late_ticket(self, ticket: Ticket, now: datetime) -> Alert:
        """A ticket that was not answered in time; one alert per ticket and day."""

        def text(language: UiLanguage) -> LocalizedText:
            owner = ticket.owner or self.catalogue.say("staff.nobody", language)
            return LocalizedText(
                language=language,
                title=self.catalogue.say("staff.late_title", language, number=ticket.number),
                body=self.catalogue.say(
                    "staff.late_body",
                    language,
                    subject=ticket.subject,
                    channel=ticket.channel,
                    due=local_time(ticket.due_at, self.zone),
                    owner=owner,
                ),
            )

        title, body, wordings = self._localized(text)
        return Alert(
            key=f"deadline:{ticket.number}:{now:%Y-%m-%d}",
            kind="deadline",
            severity=ticket.severity,
            title=title,
            body=body,
            wordings=wordings,
            created_at=now,
            brand=ticket.brand or None,
        )

    def silent_connector(self, health: Health, last_event_at: datetime, now: datetime) -> Alert:
        """A connector without events since ``last_event_at``; one alert per silence."""

        def text(language: UiLanguage) -> LocalizedText:
            hours = (now - last_event_at).total_seconds() / 3600
            return LocalizedText(
                language=language,
                title=self.catalogue.say("staff.silence_title", language, channel=health.name),
                body=self.catalogue.say(
                    "staff.silence_body",
                    language,
                    hours=f"{hours:.1f}".removesuffix(".0"),
                    status=self.catalogue.say(f"staff.status_{health.status}", language),
                    reason=health.reason or self.catalogue.say("staff.unknown", language),
                ),
            )

        title, body, wordings = self._localized(text)
        return Alert(
            key=f"silence:{health.name}:{last_event_at.isoformat()}",
            kind="silence",
            severity="P2",
            title=title,
            body=body,
            wordings=wordings,
            created_at=now,
        )

    def dead_letter(self, item: Received, error: str, now: datetime) -> Alert:
        """An event that could not be processed; its author may be waiting for an answer.

        Names only the type of ``error``, since its text may quote the event.
        """
        event = item.event

        def text(language: UiLanguage) -> LocalizedText:
            return LocalizedText(
                language=language,
                title=self.catalogue.say("staff.dead_title", language, channel=event.channel),
                body=self.catalogue.say(
                    "staff.dead_body", language, reason=error.partition(":")[0]
                ),
            )

        title, body, wordings = self._localized(text)
        return Alert(
            key=f"dead_letter:{item.seq}",
            kind="dead_letter",
            severity="P2" if event.solicited else "P3",
            title=title,
            body=body,
            wordings=wordings,
            created_at=now,
        )

    def _localized(
        self, text: Callable[[UiLanguage], LocalizedText]
    ) -> tuple[str, str, tuple[LocalizedText, ...]]:
        main = text(self.language)
        return main.title, main.body, in_each(text)


def read_operational_alerts(settings: Settings, catalogue: Catalogue) -> OperationalAlerts:
    """The writer of alerts in the language and time zone of a configuration."""
    return OperationalAlerts(
        catalogue=catalogue,
        language=settings.console.language,
        zone=ZoneInfo(settings.alerts.timezone),
    )
