"""Inhibition: a graver alert about the same incident or topic holds back lesser ones.

Staff who look after the graver alert would learn nothing from the others. Those are stored and
shown, and notified once the graver one is resolved, if they are still live then.
"""

from collections.abc import Iterable, Sequence

from core.model.alerts import Alert


def is_inhibited(alert: Alert, live: Iterable[Alert]) -> bool:
    """True while staff know of a graver live alert about the same incident or topic.

    A topic is a category of a brand, other than the category ``other``.
    """
    return any(
        other.key != alert.key
        and other.severity < alert.severity
        and other.state != "resolved"
        and other.notices > 0
        and other.drill == alert.drill
        and (_same_incident(alert, other) or _same_topic(alert, other))
        for other in live
    )


def _same_incident(one: Alert, other: Alert) -> bool:
    return one.incident is not None and one.incident == other.incident


def _same_topic(one: Alert, other: Alert) -> bool:
    return (
        one.brand is not None
        and one.brand == other.brand
        and one.category not in (None, "other")
        and one.category == other.category
    )


class LiveAlerts:
    """Alerts that are not resolved, indexed by incident and topic.

    With the index each alert is checked against the few that may inhibit it, which avoids O(n²)
    comparisons while thousands are live.
    """

    def __init__(self, alerts: Iterable[Alert]) -> None:
        self._alerts: dict[str, Alert] = {}
        self._of_incident: dict[str, dict[str, None]] = {}
        self._gravest: dict[tuple[str, str, bool], Alert] = {}
        for alert in alerts:
            self.put(alert)

    def __len__(self) -> int:
        return len(self._alerts)

    def put(self, alert: Alert) -> None:
        """Add an alert, or replace it by its next version."""
        self._alerts[alert.key] = alert
        if alert.incident is not None:
            self._of_incident.setdefault(alert.incident, {})[alert.key] = None
        if alert.brand is None or alert.category is None or alert.notices == 0:
            return
        topic = (alert.brand, alert.category, alert.drill)
        known = self._gravest.get(topic)
        if alert.state == "resolved":
            if known is not None and known.key == alert.key:
                del self._gravest[topic]  # the index of the next round has its successor
        elif known is None or alert.severity <= known.severity:
            self._gravest[topic] = alert

    def all(self) -> Sequence[Alert]:
        """Every alert, with those that were resolved since the index was built."""
        return list(self._alerts.values())

    def gravest_first(self) -> Sequence[Alert]:
        """Every alert by severity, the oldest first among equals."""
        return sorted(self._alerts.values(), key=lambda one: (one.severity, one.created_at))

    def related(self, alert: Alert) -> Sequence[Alert]:
        """The alerts of the same incident, and the gravest notified one of the same topic."""
        found = [self._alerts[key] for key in self._of_incident.get(alert.incident or "", ())]
        gravest = self._gravest.get((alert.brand or "", alert.category or "", alert.drill))
        return found if gravest is None else [*found, gravest]
