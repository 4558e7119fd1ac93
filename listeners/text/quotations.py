"""Separates an author's own words from reposted and quoted ones."""

import re
from typing import Final

_AT: Final = "[@＠]"
_QUOTE: Final = re.compile(
    rf"//\s*{_AT}[^:：\s]{{1,40}}\s*[:：]|"
    rf"\b[rmq]t {_AT}\w{{1,40}}(?:\s?[:：]|\s)|"
    rf"(?:转发?自|转载自|轉發?自|轉載自|\bvia)\s?{_AT}[^:：\s]{{1,40}}\s?[:：]",
    re.IGNORECASE,
)
"""Marks of what is passed on: of Weibo, of X (``RT``, modified ``MT``, quoted ``QT``; people who
type it leave the colon out), and in words. A name alone is an address: ``@shop: your bread…``."""
_LINE: Final = re.compile(r"^[ \t]*(?:>|&gt;)[ \t]?(.*)$", re.MULTILINE)
_NO_OWN_WORDS: Final = re.compile(
    r"[\W_]*(?:转发微博|转发|轉發微博|轉發|转|repost|reposting|rt|分享|分享图片)?[\W_]*",
    re.IGNORECASE,
)
_REPOST_MARK: Final = " //@quoted:"


def split_quoted(text: str) -> tuple[str, str]:
    """The author's own words and the quoted ones; either may be empty.

    Expects ``text`` as ``with_quotes_last`` returns it. Repost markers such as ``转发微博`` are not
    counted as own words.
    """
    if "@" not in text and "＠" not in text:
        return text, ""
    quote = _QUOTE.search(text)
    if quote is None:
        return text, ""
    own = text[: quote.start()]
    return "" if _NO_OWN_WORDS.fullmatch(own) else own, text[quote.start() :]


def without_attribution(quoted: str) -> str:
    """The quoted text without the names of its authors."""
    return _QUOTE.sub(" ", quoted)


def with_quotes_last(text: str) -> str:
    """The text with ``>`` lines moved to its end, where reposts have their quotation."""
    if ">" not in text and "&gt;" not in text:
        return text
    lines = [found[1] for found in _LINE.finditer(text)]
    if not any(lines):
        return text
    return _LINE.sub("", text).strip() + _REPOST_MARK + " ".join(lines)
