"""Every page of the console. The menu has its items in this order."""

from typing import Final

from console.pages.alerts import AlertPages
from console.pages.api import JsonApi
from console.pages.base import ConsolePage
from console.pages.chat import ChatPages
from console.pages.drafts import DraftPages
from console.pages.figures import FigurePages
from console.pages.incidents.pages import IncidentPages
from console.pages.live import LiveSocket
from console.pages.mentions import MentionPages
from console.pages.pauses import PausePages
from console.pages.probes import Probes
from console.pages.push import PushEndpoint
from console.pages.system import SystemPages
from console.pages.tickets import TicketPages

PAGES: Final[tuple[type[ConsolePage], ...]] = (
    MentionPages,
    TicketPages,
    DraftPages,
    IncidentPages,
    AlertPages,
    PausePages,
    FigurePages,
    SystemPages,
    ChatPages,
    LiveSocket,
    JsonApi,
    Probes,
    PushEndpoint,
)
