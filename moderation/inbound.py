"""Moderation of incoming events: spam, abuse, empty texts and personal data.

Only certain spam is dropped, and never where a complaint, a question or a risk is possible.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from core.model.event_text import says_nothing, whole_text
from core.model.events import Event
from core.model.judgement import Judgement, Verdict
from moderation.contacts import URL
from moderation.masking import mask
from moderation.word_lists import SpamWordLists, WordFinder, WordLists, fold_for_search

FLAGS: Final = frozenset({"spam", "abuse", "personal_data", "empty"})
"""The values of ``Verdict.flags``."""

_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CONCERN_INTENTS: Final = frozenset({"complaint", "question", "human", "order_status", "threat"})
_MASKED_LENGTH: Final = 5000
"""Characters of ``masked_text``; the original is stored whole."""


Signal = Literal["advertising", "offer", "repeats", "links", "tags"]

_TAG: Final = re.compile(r"[@#][\w\-]+")
_SAME: Final = re.compile(r"(.)\1{11,}", re.DOTALL)
_LAUGHTER: Final = frozenset("哈啊呵嘿呜嗯哦!！?？。.…~～hHaA6 \n\t-=_*")
"""Characters that people repeat to express a feeling."""
_SPAM_LENGTH: Final = 4000


class InboundModerator:
    """Drops certain spam; flags spam, abuse and personal data, and masks the last."""

    def __init__(
        self,
        words: WordLists,
        *,
        sure_spam: float = 0.9,
        likely_spam: float = 0.6,
        abuse: float = 0.6,
        concern: float = 0.3,
    ) -> None:
        """Set the thresholds, each a probability in [0, 1].

        A text whose probability of a complaint is at least ``concern`` is never dropped.
        """
        self._words = SpamFinder(words.spam)
        self._sure_spam = sure_spam
        self._likely_spam = likely_spam
        self._abuse = abuse
        self._concern = concern

    def inspect(self, event: Event, judgement: Judgement) -> Verdict:
        """Allow the event, or drop it with the reason ``spam``; the flags are of ``FLAGS``.

        ``masked_text`` has at most 5,000 characters and no control characters. It holds quoted
        texts too; spam is looked for in own words alone, and never in a picture without words.
        """
        own = "" if event.wordless else _UNPRINTABLE.sub("\ufffd", event.text)
        text = _UNPRINTABLE.sub("\ufffd", whole_text(event))
        masked = mask(text[:_MASKED_LENGTH])
        signals = spam_signals(own, masked.kinds, self._words)
        flags: list[str] = []
        if signals or judgement.spam >= self._likely_spam:
            flags.append("spam")
        if judgement.offensive >= self._abuse:
            flags.append("abuse")
        if masked.kinds:
            flags.append("personal_data")
        if says_nothing(event):
            flags.append("empty")
        certain = judgement.spam >= self._sure_spam and (signals or judgement.intent == "spam")
        sure = bool(certain) or "advertising" in signals or len(signals) >= 2
        drop = sure and not self._is_concern(judgement)
        return Verdict(
            allowed=not drop,
            reason="spam" if drop else "",
            flags=tuple(flags),
            masked_text=masked.text,
        )

    def _is_concern(self, judgement: Judgement) -> bool:
        return (
            judgement.complaint >= self._concern
            or judgement.intent in _CONCERN_INTENTS
            or bool(judgement.risk)
        )


class SpamFinder:
    """The two lists of spam words, compiled for searching."""

    def __init__(self, lists: SpamWordLists) -> None:
        self.offers = WordFinder(lists.offers)
        self.contact = WordFinder(lists.contact)


def spam_signals(text: str, kinds: Sequence[str], words: SpamFinder) -> tuple[Signal, ...]:
    """Independent signals of spam in the first 4,000 characters of a text.

    ``kinds``: the kinds of personal data that ``mask`` found in it.
    """
    text = text[:_SPAM_LENGTH]
    folded = fold_for_search(text)
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
    """True for a character repeated a dozen times, or a phrase that makes up most of the text."""
    if any(found[1] not in _LAUGHTER for found in _SAME.finditer(text)):
        return True
    units = [unit for unit in re.split(r"[\s,，。!！;；]+", URL.sub(" ", text)) if len(unit) >= 2]
    if len(units) < 6:
        return False
    unit, times = Counter(units).most_common(1)[0]
    return times >= 6 and times * len(unit) > 0.7 * sum(map(len, units))
