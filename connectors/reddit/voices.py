"""The roles in which people and programs write on Reddit, and the notices among what they write."""

import re
from typing import Final, Literal

from connectors.voices import KnownVoices, declares_bot, is_bot_name
from core.model.events import Author, AuthorKind

_PLATFORM: Final = "reddit"
_PROGRAM_OF_MODERATORS: Final = "automoderator"
SANCTION: Final = re.compile(
    r"\b(?:ban(?:ned)?|remov(?:ed|al)|taken down|deleted|suspend(?:ed)?|muted?|restricted|locked"
    r"|violat\w*|not allowed)\b|封禁|移除|删除|禁言|限制",
    re.IGNORECASE,
)
"""Words of notices about something that was taken from the account."""


def kind_of(author: str, role: object, text: str, voices: KnownVoices) -> AuthorKind:
    """The role of ``author``; ``role`` is the field ``distinguished`` of what they wrote.

    Reddit marks what moderators and its own staff write in their role. It marks no programs.
    """
    if (known := voices.kind_of(author)) is not None:
        return known
    if role == "admin" or author.lower() == _PLATFORM:
        return "platform"
    if role == "moderator" or author.startswith("r/"):
        return "moderator"
    return "bot" if is_bot_name(author) or declares_bot(text) else "person"


def notice_of(author: Author, text: str) -> Literal["sanction", "notice"] | None:
    """``sanction`` or ``notice`` where staff have to hear of an official message to the account.

    AutoModerator writes under every post of some subreddits, so only its sanctions count.
    """
    if author.kind not in ("platform", "moderator"):
        return None
    if SANCTION.search(text):
        return "sanction"
    return None if author.id.lower() == _PROGRAM_OF_MODERATORS else "notice"
