"""The sections of the configuration file: every key, its type and its default."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Section(BaseModel):
    """A table of the file; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BrandSettings(Section):
    """One brand to listen for."""

    id: Id
    name: str = Field(min_length=1)
    terms: tuple[str, ...] = Field(min_length=1)
    """Names and aliases; any of them found in a text is a match."""
    required: tuple[str, ...] = ()
    """At least one of these must also be there, if any is given."""
    excluded: tuple[str, ...] = ()
    """Names that hold a term and are another's: a term inside them does not count."""
    handles: tuple[str, ...] = ()
    """Names of the brand's own accounts, as people write them: ``@禾家超市官方``."""
    accounts: tuple[str, ...] = ()
    """The brand's own accounts, ``CHANNEL:AUTHOR_ID``; they get no automatic reply."""


class StoreSettings(Section):
    """The URL of the store: ``sqlite:PATH``, or ``mongodb://HOST/DATABASE``."""

    url: str = "sqlite:data/tingfeng.db"


class ConsoleSettings(Section):
    """The web console and the web chat."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    language: Literal["zh", "en"] = "zh"
    chat_origins: tuple[str, ...] = ()
    """Sites (``https://www.example.com``) that may embed the web chat."""


class ChannelSettings(BaseModel):
    """One connector; all other keys are the connector's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Id
    type: str
    brand: Id | None = None
    """Id of the brand that a message to this channel concerns where its text names none."""

    @property
    def settings(self) -> dict[str, object]:
        """The connector's own settings, not validated yet."""
        return dict(self.model_extra or {})


class KnowledgeSettings(Section):
    """The knowledge base: a folder of Markdown articles."""

    folder: str = "knowledge"


class PlaybookSettings(Section):
    """The rules of decision."""

    file: str = "playbook.toml"


class ReceiverSettings(BaseModel):
    """One receiver of alerts; all other keys are the settings of its type.

    They are validated by the type's own model, see ``responders.alerting.receivers.registry``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Id | None = None
    """For ``alerts.on_call``; ``TYPE-N`` by its place in the list if it is left out."""
    type: str | None = None
    """Implied in ``alerts.webhooks`` and ``alerts.emails``."""

    @property
    def settings(self) -> dict[str, object]:
        """The settings of its type, not validated yet."""
        return dict(self.model_extra or {})

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        """Leaves out the settings of its type, which hold secrets."""
        yield "name", self.name
        yield "type", self.type


class OnCallSettings(Section):
    """One step of the escalation chain, notified until an alert is acknowledged."""

    receivers: tuple[str, ...] = Field(min_length=1)
    """Names of receivers: ``telegram-CHANNEL``, or as named in alerts."""
    quiet: str | None = Field(
        default=None, pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
    )
    """``22:00-08:00``: hours in which only P1 is sent, in the time zone of alerts."""


class AlertSettings(Section):
    """Thresholds of alerts, and their receivers beside the console and the log."""

    authors: int = Field(default=5, ge=2)
    """Distinct people who say within an hour that the same thing is wrong, and make an alert."""
    wait_seconds: float = Field(default=30, ge=0)
    """Delay before a P3 is sent, to gather more; P1 and P2 are sent at once."""
    interval_minutes: float = Field(default=5, gt=0)
    """Shortest time between two notifications of an alert that has not become more severe."""
    repeat_hours: float = Field(default=4, gt=0)
    """Interval of repeated notifications of an alert that is not acknowledged."""
    resolve_hours: float = Field(default=6, gt=0)
    """Time without news after which an alert is resolved."""
    escalate_minutes: float = Field(default=15, gt=0)
    """Time without acknowledgement after which the next step on call is notified."""
    timezone: str = "Asia/Shanghai"
    """The time zone of staff: of quiet hours, and of times in alerts and in the console."""
    on_call: tuple[OnCallSettings, ...] = ()
    """First step first; every receiver at once if it is empty."""
    receivers: tuple[ReceiverSettings, ...] = ()
    webhooks: tuple[ReceiverSettings, ...] = ()
    """Receivers of type ``webhook``."""
    robots: tuple[ReceiverSettings, ...] = ()
    """Older name of ``receivers``."""
    emails: tuple[ReceiverSettings, ...] = ()
    """Receivers of type ``email``."""


class SlaSettings(Section):
    """Minutes until the first answer to a ticket is due, by severity."""

    p1: float = Field(default=15, gt=0)
    p2: float = Field(default=60, gt=0)
    p3: float = Field(default=240, gt=0)
    p4: float = Field(default=1440, gt=0)


class ScheduleSettings(Section):
    """Intervals of the scheduled jobs."""

    reminder_minutes: float = Field(default=5, gt=0)
    """Minutes between two searches for late tickets."""
    silence_hours: float = Field(default=24, gt=0)
    """A connector without an event for this long raises an alert."""
    raw_days: float = Field(default=90, gt=0)
    """Days for which raw events are kept."""
    spam_days: float = Field(default=30, gt=0)
    """Days for which raw events are kept that were dropped."""
    message_days: float = Field(default=365, gt=0)
    """Days for which private messages are kept."""
    record_days: float = Field(default=730, gt=0)
    """Days for which resolved tickets, ended conversations, alerts and dead letters are kept."""


class StaffSettings(Section):
    """A person who answers and decides."""

    name: str = Field(min_length=1)
    telegram: str | None = Field(default=None, pattern=r"^[0-9]{1,20}$")
    """Numeric Telegram user id; without it the buttons of the staff's group are not for them."""


class Settings(Section):
    """The whole file."""

    brands: tuple[BrandSettings, ...] = Field(min_length=1)
    channels: tuple[ChannelSettings, ...] = Field(min_length=1)
    store: StoreSettings = StoreSettings()
    console: ConsoleSettings = ConsoleSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    playbook: PlaybookSettings = PlaybookSettings()
    alerts: AlertSettings = AlertSettings()
    sla: SlaSettings = SlaSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    staff: tuple[StaffSettings, ...] = ()
    sentiment: str = "linear"
    """Which model judges sentiment: see listeners.judgement.sentiment.models."""
    adaptation: str | None = None
    """A file written by ``run.py adapt``: what the team's corrections taught the judge."""
    second_opinion: bool = False
    """Ask a larger model about texts the first is unsure of; needs the extra ``semantic``."""
