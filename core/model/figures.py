"""The figures in the head of the console."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Numbers for the head of the console."""

    unresolved_tickets: int
    late_tickets: int
    drafts: int
    firing_alerts: int
    mentions_last_hour: int
    negative_last_hour: int
