"""The brand's account on X, and the authors of posts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from connectors.json_fields import JsonObject
from connectors.voices import NOBODY, KnownVoices, declares_bot, is_bot_name
from connectors.x.fields import count, part
from core.model.events import Author

_SITE: Final = re.compile(r'(?<![-\w])url:(?:"([^"]{1,200})"|([^\s()"]{1,200}))')
_AUTOMATED: Final = re.compile(r"automated|自动", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class XAccount:
    """The brand's account."""

    id: str
    username: str
    """Without ``@``."""
    sites: tuple[str, ...] = ()
    """As ``sites_of``."""
    voices: KnownVoices = NOBODY

    def is_own(self, author: str) -> bool:
        """True for an id of this account or of another one of the brand."""
        return author == self.id or self.voices.kind_of(author) == "own"


def sites_of(rules: Iterable[str]) -> tuple[str, ...]:
    """The addresses that rules search for by ``url:``, in lower case.

    A post that links to one concerns the brand, though X's rule matched no word of it.
    """
    found = (match for rule in rules for match in _SITE.finditer(rule))
    return tuple(dict.fromkeys((match[1] or match[2]).casefold() for match in found))


def author_of(number: str, user: JsonObject, me: XAccount) -> Author:
    """The author with the id ``number``, of whom X included the object ``user``."""
    kind = me.voices.kind_of(number, username(user))
    if kind is None:
        kind = "bot" if _is_automated(user) else "person"
    return Author(
        id=number,
        name=display_name(user),
        followers=count(part(user, "public_metrics"), "followers_count"),
        kind=kind,
    )


def display_name(user: JsonObject) -> str:
    name = user.get("name")
    return name if isinstance(name, str) else username(user)


def _is_automated(user: JsonObject) -> bool:
    """True where the label, the name or the profile says that a program writes.

    X asks owners of programs for the label and for a word about it in the profile.
    """
    label = part(user, "affiliation").get("description")
    profile = user.get("description")
    return (
        (isinstance(label, str) and _AUTOMATED.match(label) is not None)
        or is_bot_name(username(user))
        or (isinstance(profile, str) and declares_bot(profile))
    )


def username(user: JsonObject) -> str:
    name = user.get("username")
    return name if isinstance(name, str) and re.fullmatch(r"\w{1,50}", name, re.ASCII) else ""
