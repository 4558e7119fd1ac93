"""Decisions of the playbook about mentions."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """The action of a Decision."""

    IGNORE = "ignore"
    REPLY = "reply"
    DRAFT = "draft"
    TICKET = "ticket"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """An action about a Mention, with the reason."""

    action: Action
    rule: str
    """Name of the playbook rule that matched."""
    reason: str
    """One sentence for staff, in the language of the console's configuration."""
    remark: str = ""
    """Reason for doing less than the rule says, in one term."""
    article: str | None = None
    """Id of the Article the answer stands on."""
    confidence: float | None = None
