"""What an author says, apart from what the author passes on: reposts and quotations."""

import re
from typing import Final

_QUOTE: Final = re.compile(r"//\s*@[^:：\s]{1,40}\s*[:：]|\brt @\w+:", re.IGNORECASE)
_LINE: Final = re.compile(r"^[ \t]*(?:>|&gt;)[ \t]?(.*)$", re.MULTILINE)
_NO_OWN_WORDS: Final = re.compile(
    r"[\W_]*(?:转发微博|转发|轉發微博|轉發|转|repost|reposting|rt|分享|分享图片)?[\W_]*",
    re.IGNORECASE,
)
_REPOST_MARK: Final = " //@quoted:"


def split_quoted(text: str) -> tuple[str, str]:
    """The author's own words and those passed on; either is empty where there are none.

    ``转发微博`` and the like are no words of one's own. Quotations have to be ``with_quotes_last``.
    """
    if "@" not in text:
        return text, ""
    quote = _QUOTE.search(text)
    if quote is None:
        return text, ""
    own = text[: quote.start()]
    return "" if _NO_OWN_WORDS.fullmatch(own) else own, text[quote.start() :]


def without_attribution(passed_on: str) -> str:
    """What was passed on, without the names of those who said it."""
    return _QUOTE.sub(" ", passed_on)


def with_quotes_last(text: str) -> str:
    """The text with lines quoted by ``>`` moved to its end, where reposts have what they quote."""
    if ">" not in text and "&gt;" not in text:
        return text
    quoted = [found[1] for found in _LINE.finditer(text)]
    if not any(quoted):
        return text
    return _LINE.sub("", text).strip() + _REPOST_MARK + " ".join(quoted)
