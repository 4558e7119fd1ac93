"""Markdown of chat robots: what strangers wrote must not become a link, a heading or a call."""

from typing import Final

from responders.alerting.receivers.text import Message, cut_bytes

_PLAIN: Final = str.maketrans("\\`*_{}[]()#<>|~@!", "＼｀＊＿｛｝［］（）＃＜＞｜～＠！")


def plain(text: str) -> str:
    """``text`` with every character that could mean something as its full-width twin.

    The robots' Markdown knows no escapes that all their apps respect.
    """
    return text.translate(_PLAIN)


def markdown(said: Message, room: int, cut: str = "…") -> str:
    """A bold title and one paragraph a line, in at most ``room`` bytes of UTF-8."""
    text = "\n\n".join((f"**{plain(said.title)}**", *map(plain, said.lines)))
    if len(text.encode("utf-8", "replace")) <= room:
        return text
    return cut_bytes(text, room - len(cut.encode())) + cut


def size(said: Message) -> int:
    """Bytes of the whole message."""
    return len(markdown(said, 1 << 30).encode("utf-8", "replace"))
