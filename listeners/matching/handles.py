"""Names of accounts in a text: ``@禾家超市官方``, ``@hejia_bot``, ``u/hejia``.

The brand's own accounts stand for the brand. Somebody else's account does not, though its name may
hold the brand's: ``@禾家的小雨``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.text import HAN
from listeners.matching.plausibility import begins_like_shop
from listeners.text.homoglyphs import LATIN
from listeners.text.normalise import readable

_HANDLE: Final = re.compile(r"(?:(?<![a-z0-9_.@])@|(?<![\w/])/?u/)([\w·-](?:[\w.·-]{0,38}[\w·-])?)")
_ADDRESSED: Final = re.compile(
    "你|您|贵|请|怎么|为什么|为啥|什么|啥|是不是|到底|能不能|可以|赶紧|快|出来|退|还我|管管|回复"
)
_SEPARATORS: Final = re.compile(r"[\W_]+")
_LONGEST_PLACE: Final = 3
"""Characters before a shop's name in the name of a branch: ``@上海禾家超市``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Handle:
    """The name of an account, as it is written."""

    name: str
    start: int
    """Position of the name in the folded text."""
    end: int


def find_handles(folded: str) -> Sequence[Handle]:
    """The accounts that a folded text names."""
    if "@" not in folded and "u/" not in folded:
        return ()
    return tuple(
        Handle(name=found[1], start=found.start(1), end=found.end(1))
        for found in _HANDLE.finditer(folded)
    )


def handle_key(name: str) -> str:
    """The name of an account as it stands in a folded text: ``@Hejia_Bot`` is ``hejia_bot``."""
    return readable(name).casefold().removeprefix("@").removeprefix("/").removeprefix("u/")


def is_account(handle: Handle, own: str) -> bool:
    """True where a handle is the account ``own``, a key; a text may follow without a space."""
    rest = handle.name.removeprefix(own)
    if not rest or rest == handle.name:
        return not rest
    return not (LATIN.match(own[-1]) and re.match(r"[\w.-]", rest)) or bool(HAN.match(rest))


def is_about_owner(handle: Handle, start: int, end: int) -> bool:
    """True where a brand's name inside a handle says that the account, or the text, is the brand's.

    ``start`` and ``end``: the brand's name, in the folded text. It is where nothing but the name
    stands there, what follows is a shop's (``@禾家超市``), or the text goes on without a space.
    """
    before = _SEPARATORS.sub("", handle.name[: max(0, start - handle.start)])
    rest = _SEPARATORS.sub("", handle.name[end - handle.start :])
    if begins_like_shop(rest):
        return len(before) <= _LONGEST_PLACE
    if before:
        return False
    goes_on = LATIN.match(handle.name[end - handle.start - 1]) and HAN.match(rest)
    return not rest or bool(goes_on) or _ADDRESSED.match(rest) is not None
