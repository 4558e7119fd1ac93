"""The live alerts, found by what they have in common: a thousand do not compare with a thousand."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from core.alerts import Alert


class Ended:
    """Incidents that are over by the time of their posts, until they are heard of again."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._known: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, incident: object) -> bool:
        return incident in self._known

    def add(self, incident: str) -> None:
        """Note one; of too many the first ones are forgotten."""
        self._known[incident] = None
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def begins_anew(self, incident: str | None) -> bool:
        """True where it was over; it is not any more."""
        return incident is not None and self._known.pop(incident, False) is None


class Live:
    """Alerts that are not resolved."""

    def __init__(self, alerts: Iterable[Alert]) -> None:
        self.alerts: dict[str, Alert] = {}
        self._of_incident: dict[str, dict[str, None]] = {}
        self._gravest: dict[tuple[str, str, bool], Alert] = {}
        for alert in alerts:
            self.put(alert)

    def put(self, alert: Alert) -> None:
        """Add an alert, or what became of it."""
        self.alerts[alert.key] = alert
        if alert.incident is not None:
            self._of_incident.setdefault(alert.incident, {})[alert.key] = None
        if alert.brand is None or alert.category is None or alert.notices == 0:
            return
        topic = (alert.brand, alert.category, alert.drill)
        known = self._gravest.get(topic)
        if alert.state == "resolved":
            if known is not None and known.key == alert.key:
                del self._gravest[topic]  # the next look finds who comes after it
        elif known is None or alert.severity <= known.severity:
            self._gravest[topic] = alert

    def gravest_first(self) -> Sequence[Alert]:
        """All of them; of equals the oldest first."""
        return sorted(self.alerts.values(), key=lambda one: (one.severity, one.created_at))

    def near(self, alert: Alert) -> Sequence[Alert]:
        """Those of its incident, and the gravest of its topic that staff know of."""
        found = [self.alerts[key] for key in self._of_incident.get(alert.incident or "", ())]
        gravest = self._gravest.get((alert.brand or "", alert.category or "", alert.drill))
        return found if gravest is None else [*found, gravest]
