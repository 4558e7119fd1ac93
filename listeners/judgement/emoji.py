"""Emoji in the words of the bracket emoticons that Chinese platforms use: 😡 is [怒].

The model knows the brackets from many thousand posts, and most emoji from few or none.
"""

import re
from typing import Final

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


def bracketed(text: str) -> str:
    """The text with the emoji that have a bracket emoticon written as one."""
    if text.isascii() or not _NEAR.search(text):
        return text
    return _KNOWN.sub(lambda emoji: _BRACKETS[emoji[0]], text)
