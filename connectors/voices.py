"""Recognises who is no person: the brand's other accounts, and programs.

Platforms mark few programs as such. Others are known by what their makers agree on: a name that
ends in ``Bot``, and a footer that says so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.model.events import AuthorKind

_BOT_NAME: Final = re.compile(
    r"automoderator|.*(?-i:[a-z0-9]B(?:ot|OT))\d{0,4}|.*[_\-. ]bot\d{0,4}|bot[_\-. ].+|.*机器人",
    re.IGNORECASE,
)
_NO_BOT_NAME: Final = re.compile(r"(?:not|no|anti)[_\-. ]?an?[_\-. ]?(?:ro)?bot", re.IGNORECASE)
_DECLARED: Final = re.compile(
    r"\bI\s?(?:['’]m| am) (?:just |only )?an? (?:automated |reddit )?(?:ro)?bot\b"
    r"|\bthis (?:account|action|message|comment|post|reply|tweet) (?:is|was) (?:an? )?"
    r"(?:performed |posted |sent |written |generated |created |run )?"
    r"(?:automatically|automated|by an? (?:ro)?bot)\b"
    r"|\bautomated (?:account|bot|feed)\b"
    r"|我是(?:一个|一名|个)?(?:自动)?机器人(?![吗嘛么呢吧?？])"
    r"|^\W*(?:本|此)(?:条|账号|帐号|消息|评论|回复|内容|帖子?)[^。\n]{0,12}(?:机器人|自动)(?:账号|帐号|发送|发布|生成|回复|推送)",
    re.IGNORECASE | re.MULTILINE,
)
_AUTOMATION: Final = re.compile(
    r"automat|\bbeep\b|contact|feedback|questions?\b|source code|github|created by|made by"
    r"|developer|creator|owner|moderators|opt.?out|自动|请勿回复|反馈",
    re.IGNORECASE,
)
_SMALL_PRINT: Final = re.compile(
    r"\^+\(?(?![^)\n]*\bnot an? )[^)\n]{0,200}\b(?:ro)?bot\b", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownVoices:
    """Accounts whose kind the configuration tells, by id and by name."""

    own: frozenset[str] = frozenset()
    """The brand's accounts besides the one that replies, folded as ``fold_name`` does."""
    bots: frozenset[str] = frozenset()

    @staticmethod
    def named(*, own: Iterable[str], bots: Iterable[str]) -> "KnownVoices":
        """From names as a person writes them: ``u/name``, ``@name``, or an id."""
        return KnownVoices(own=frozenset(map(fold_name, own)), bots=frozenset(map(fold_name, bots)))

    def kind_of(self, *names: str) -> AuthorKind | None:
        """The kind of the account with one of these names or ids; ``None`` if it is not listed."""
        if not self.own and not self.bots:
            return None
        known = {fold_name(name) for name in names if name}
        if known & self.own:
            return "own"
        return "bot" if known & self.bots else None


NOBODY: Final = KnownVoices()


def fold_name(name: str) -> str:
    """A name without the platform's prefix and in lower case."""
    return re.sub(r"^(?:/?u/|@)", "", name.strip()).casefold()


def is_bot_name(name: str) -> bool:
    """True for ``RemindMeBot`` and ``weather_bot``; false for ``Talbot`` and ``not_a_bot``."""
    return _BOT_NAME.fullmatch(name) is not None and _NO_BOT_NAME.search(name) is None


def declares_bot(text: str) -> bool:
    """True where a comment or a profile says that a program wrote it.

    *I am a bot* alone is a joke as often as not, so it needs a word about automation or whom to
    write to; small print (``^(...)``) needs none.
    """
    if _SMALL_PRINT.search(text):
        return True
    return _DECLARED.search(text) is not None and _AUTOMATION.search(text) is not None
