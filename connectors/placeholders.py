"""Signs that stand in a text for what was sent instead of words: ``[图片]``, ``<Media omitted>``.

Exports, copied conversations and platforms without attachments of their own write them.
"""

import re
from typing import Final

_SIGNS: Final = {
    "photo": "图片|圖片|照片|相册|截图|截圖|images?|photos?|pictures?|pics?|screenshot",
    "video": "视频|視頻|小视频|短视频|影片|videos?|video message",
    "voice": "语音|語音|语音消息|語音訊息|录音|音频|voice|voice (?:message|note)|audio",
    "sticker": "表情包|动画表情|動畫表情|自定义表情|贴图|貼圖|貼紙|stickers?|gif|animation",
    "file": "文件|檔案|附件|files?|documents?|attachments?|media",
    "location": "位置|定位|地理位置|location|live location",
    "contact": "名片|个人名片|個人名片|contact|contact card|vcard",
    "call": "语音通话|視訊通話|视频通话|語音通話|未接来电|missed (?:voice |video )?call",
}
"""By the kind, as in Event.wordless."""
_WORDS: Final = "|".join(_SIGNS.values())
_DETAIL: Final = r"(?:\s?(?:[:：]\s?)?[\d:.″\"'’秒s×x*]{1,12}|\s?[(（]?\d{1,3}[)）]?)?"
"""Length or number: ``[语音 12″]``, ``[图片×3]``."""
_SIGN: Final = re.compile(
    rf"[\[【<＜(（「]\s?({_WORDS}){_DETAIL}(?:\s(?:omitted|attached))?\s?[\]】>＞)）」]|"
    rf"(?:分享|发布|發佈)了?(图片|圖片|照片|视频|視頻)|\u200e?({_WORDS}) omitted",
    re.IGNORECASE,
)
_BESIDE: Final = re.compile(r"(?:https?://\S+|[@＠][^\s@＠:：]{1,40})\s*")
_LONGEST: Final = 2000


def placeholder_kind(text: str) -> str:
    """Kind of what was sent (see Event.wordless) for a text of such signs alone; else empty.

    Names and addresses beside them are no words; an emoji such as ``[怒]`` is one.
    """
    if len(text) > _LONGEST:
        return ""
    found = _SIGN.search(text)
    if found is None or _BESIDE.sub("", _SIGN.sub(" ", text)).strip():
        return ""
    sign = next(filter(None, found.groups()))
    kinds = (kind for kind, words in _SIGNS.items() if re.fullmatch(words, sign, re.IGNORECASE))
    return next(kinds, "")
