"""SPELLING"""

import re
from typing import Final

from listeners.text.normalise import readable_cached

_NAMES: Final = {
    "怒": "😠😡👿💢",
    "怒骂": "🤬",
    "哼": "😤",
    "泪": "😭😢🥲",
    "伤心": "💔",
    "悲伤": "😞😔☹🙁😟😥😓",
    "失望": "😩😫😖😣",
    "委屈": "🥺",
    "抓狂": "😱🤯",
    "衰": "😵",
    "晕": "🥴💫",
    "吐": "🤮🤢",
    "生病": "🤒🤕😷",
    "弱": "👎",
    "鄙视": "😒🙄",
    "无语": "😑😶",
    "汗": "😅😰",
    "疑问": "🤔❓",
    "拜拜": "👋",
    "嘻嘻": "😁😄😃😀😆",
    "哈哈": "🤣",
    "笑cry": "😂",
    "可爱": "😊☺",
    "微笑": "🙂",
    "爱你": "😘😗😚🥰",
    "色": "😍🤩",
    "心": "❤💕💖💗💓💞💛💚💙💜🧡",
    "馋嘴": "😋🤤",
    "酷": "😎",
    "good": "👌",
    "赞": "👍",
    "鼓掌": "👏",
    "给力": "💪🔥",
    "作揖": "🙏",
    "耶": "✌",
    "鲜花": "🌹💐🌸",
    "蛋糕": "🎂🎉🎊🥳",
    "抱抱": "🤗",
    "中国赞": "💯⭐🌟✨",
    "蜡烛": "🕯",
}
_BRACKETS: Final = {
    emoji: f"[{name}]" for name, listed in _NAMES.items() for emoji in listed if ord(emoji) > 0x2100
}
_KNOWN: Final = re.compile(f"[{''.join(_BRACKETS)}]")
_NEAR: Final = re.compile("[\u2100-\u2bff\U0001f000-\U0001ffff]")
"""Where all of them lie: two ranges are looked for faster than a hundred signs."""


def emoji_as_brackets(text: str) -> str:
    """The text with the emoji that have a bracket emoticon written as one."""
    if text.isascii() or not _NEAR.search(text):
        return text
    return _KNOWN.sub(lambda emoji: _BRACKETS[emoji[0]], text)


LINK: Final = "\ue001"
"""Stands for any address."""

PERSON: Final = "\ue002"
"""Stands for any ``@name``."""

_LINK: Final = re.compile(r"(?:https?://|www\.|t\.cn/|t\.co/)[!-~]+", re.IGNORECASE)
_PERSON: Final = re.compile(r"@[\w\-]+")
_NUMBER: Final = re.compile(r"[0-9]+")
_RUN: Final = re.compile(r"(.)\1{3,}", re.DOTALL)


def spell(text: str) -> str:
    """Readable, in lower case; addresses as one sign each. Takes any ``str`` of moderate length."""
    text = readable_cached(text).lower()
    if "http" in text or "www." in text or "t.c" in text:
        text = _LINK.sub(LINK, text)
    return text


def squeeze(spelled: str) -> str:
    """Names and numbers as one sign each, emoji in brackets; runs of a sign cut to three."""
    if "@" in spelled:
        spelled = _PERSON.sub(PERSON, spelled)
    return emoji_as_brackets(_RUN.sub(r"\1\1\1", _NUMBER.sub("0", spelled)))


def spelling(text: str) -> str:
    """How the n-grams of a text are spelled."""
    return squeeze(spell(text))
