"""Signs that stand for pictures and the like are no words: no spam, no article, no ticket."""

from pathlib import Path

import pytest

from cli.config import load_config
from cli.wiring import open_app
from connectors.placeholders import placeholder_kind
from connectors.replay.settings import read_feed
from core.model.decisions import Action
from core.model.mentions import MentionFilter
from tests.cli.test_replay import line
from tests.cli.test_wiring import played_in
from tests.connectors.served import CONFIG, EXAMPLE

SIGNS = {
    "[图片]": "photo",
    "【图片】": "photo",
    "[圖片] [圖片]": "photo",
    "[图片×3]": "photo",
    "（照片）": "photo",
    "分享图片": "photo",
    "分享图片 https://t.cn/A6abc": "photo",
    "@松果便利 [图片]": "photo",
    "＠松果便利 分享图片": "photo",
    "[Photo]": "photo",
    "image omitted": "photo",
    "\u200eimage omitted": "photo",
    "[视频]": "video",
    "[小视频]": "video",
    "分享视频": "video",
    "<video omitted>": "video",
    "[语音]": "voice",
    "[语音 12″]": "voice",
    "[語音訊息]": "voice",
    "[Voice message]": "voice",
    "[动画表情]": "sticker",
    "sticker omitted": "sticker",
    "[文件]": "file",
    "<Media omitted>": "file",
    "[位置]": "location",
    "[个人名片]": "contact",
    "Contact card omitted": "contact",
    "[视频通话]": "call",
    "[图片] [语音]": "photo",
}
WORDS = (
    *("", "图片", "看图片", "[图片] 发霉了", "发霉了[图片]", "[怒]", "[笑cry][笑cry]", "[微笑]"),
    *("分享图片上的优惠券能用吗", "图片和实物不符", "[图片]？", "视频里的牛奶还有吗", "语音客服"),
    *("[面包]", "photo", "picture of mould", "[video] this is disgusting", "https://t.cn/A6abc"),
    *("@松果便利", "media", "omitted", "位置在哪", "[123]"),
)


@pytest.mark.parametrize(("text", "kind"), SIGNS.items())
def test_a_sign_alone_tells_what_was_sent(text: str, kind: str) -> None:
    assert placeholder_kind(text) == kind
    assert placeholder_kind(f" {text}\n") == kind


@pytest.mark.parametrize("text", WORDS)
def test_words_stay_words(text: str) -> None:
    assert placeholder_kind(text) == ""


def test_a_long_text_is_not_searched() -> None:
    assert placeholder_kind("[图片]" * 1000) == ""


@pytest.mark.slow
async def test_nothing_but_signs_is_recorded_and_not_answered(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_bytes(
        b"\n".join(
            line(n, text, kind="message", channel="dm", conversation=f"c{n}")
            for n, text in enumerate(SIGNS)
        )
    )
    file = tmp_path / "tingfeng.toml"
    chat = 'name = "chat"\ntype = "webchat"'
    file.write_text(CONFIG.format(channel=chat, brand="", example=EXAMPLE), "utf-8")
    async with open_app(load_config(file), feed=read_feed(feed, "max", None)) as app:
        await played_in(app)
        found = (await app.store.mentions.find(MentionFilter(), limit=100)).mentions
    assert len(found) == len(SIGNS)
    assert {(one.decision.action, one.decision.rule) for one in found} == {
        (Action.IGNORE, "no-words")
    }
    assert not [one for one in found if one.ticket or one.replies or "spam" in one.mention.flags]
