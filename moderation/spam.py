"""What in a text points to spam, as signals that can be counted and shown."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from moderation.contacts import URL
from moderation.words import Finder, Spam, comparable

Signal = Literal["advertising", "offer", "repeats", "links", "tags"]

_TAG: Final = re.compile(r"[@#][\w\-]+")
_SAME: Final = re.compile(r"(.)\1{11,}", re.DOTALL)
_LAUGHTER: Final = frozenset("哈啊呵嘿呜嗯哦!！?？。.…~～hHaA6 \n\t-=_*")
"""What people repeat for feeling, not for noise."""
_LOOKED_AT: Final = 4000


class SpamWords:
    """Word lists, ready to be looked for."""

    def __init__(self, lists: Spam) -> None:
        self.offers = Finder(lists.offers)
        self.contact = Finder(lists.contact)


def spam_signals(text: str, kinds: Sequence[str], words: SpamWords) -> tuple[Signal, ...]:
    """Independent signs of spam in a text; ``kinds`` of personal data as found by ``mask``.

    Looks at the first 4,000 characters.
    """
    text = text[:_LOOKED_AT]
    folded = comparable(text)
    offers = len(words.offers.found(folded))
    reachable = bool({"wechat", "qq", "phone"} & set(kinds) or words.contact.found(folded))
    links = URL.findall(text)
    signals: list[Signal] = []
    if offers >= 2 and (reachable or links):
        signals.append("advertising")
    elif offers >= 2 or (offers and reachable):
        signals.append("offer")
    if _is_noise(text):
        signals.append("repeats")
    if len(links) >= 3 or (links and sum(map(len, links)) > 0.7 * len(text)):
        signals.append("links")
    if len(_TAG.findall(text)) >= 8:
        signals.append("tags")
    return tuple(signals)


def _is_noise(text: str) -> bool:
    """One character a dozen times, or a short phrase making up most of a long text."""
    if any(found[1] not in _LAUGHTER for found in _SAME.finditer(text)):
        return True
    units = [unit for unit in re.split(r"[\s,，。!！;；]+", URL.sub(" ", text)) if len(unit) >= 2]
    if len(units) < 6:
        return False
    unit, times = Counter(units).most_common(1)[0]
    return times >= 6 and times * len(unit) > 0.7 * sum(map(len, units))
