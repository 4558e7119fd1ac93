"""The spelling in which the sentiment model reads a text.

Emoji are written as the bracket emoticons of Chinese platforms (😡 is [怒]): the model knows the
brackets from many thousand posts, and most emoji from few or none.
"""

import re
from typing import Final

from listeners.text.normalise import readable_cached

LINK: Final = "\ue001"
"""Replaces any address."""

PERSON: Final = "\ue002"
"""Replaces any ``@name``."""

_LINK: Final = re.compile(r"(?:https?://|www\.|t\.cn/|t\.co/)[!-~]+", re.IGNORECASE)
_PERSON: Final = re.compile(r"@[\w\-]+")
_NUMBER: Final = re.compile(r"[0-9]+")
_RUN: Final = re.compile(r"(.)\1{3,}", re.DOTALL)

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
"""Ranges that hold all of them; searched faster than a hundred characters."""


def emoji_as_brackets(text: str) -> str:
    """Replace the emoji that have a bracket emoticon."""
    if text.isascii() or not _NEAR.search(text):
        return text
    return _KNOWN.sub(lambda emoji: _BRACKETS[emoji[0]], text)


def spell(text: str) -> str:
    """Readable lower case with addresses replaced; for texts of a few thousand characters."""
    text = readable_cached(text).lower()
    if "http" in text or "www." in text or "t.c" in text:
        text = _LINK.sub(LINK, text)
    return text


def squeeze(spelled: str) -> str:
    """Replace names, numbers and emoji in a spelled text; cut repeated characters to three."""
    if "@" in spelled:
        spelled = _PERSON.sub(PERSON, spelled)
    return emoji_as_brackets(_RUN.sub(r"\1\1\1", _NUMBER.sub("0", spelled)))


def spelling(text: str) -> str:
    """The spelling whose n-grams the model counts: ``spell``, then ``squeeze``."""
    return squeeze(spell(text))
