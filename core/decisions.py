"""What the playbook decides about a mention."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a Decision asks for."""

    IGNORE = "ignore"
    REPLY = "reply"
    DRAFT = "draft"
    TICKET = "ticket"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What to do about a Mention and why."""

    action: Action
    rule: str
    """Name of the playbook rule that matched."""
    reason: str
    """One sentence for staff, in the language of the console's configuration."""
    remark: str = ""
    """Why the machine keeps silent or waits though the rule says more, in one term."""
    article: str | None = None
    """Id of the Article the answer stands on."""
    confidence: float | None = None
