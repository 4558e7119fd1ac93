"""What may come in. Nothing that could be a shopper's concern is ever turned away."""

import re
from typing import Final

from core.events import Event
from core.judgement import Judgement, Verdict
from moderation.masking import mask
from moderation.spam import SpamWords, spam_signals
from moderation.words import WordLists

FLAGS: Final = frozenset({"spam", "abuse", "personal_data", "empty"})
"""All that a Verdict of this module may flag."""

_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CONCERNS: Final = frozenset({"complaint", "question", "human", "order_status", "threat"})
_MASKED_LENGTH: Final = 5000
"""Logs, alerts and models need no more of a text; the original is kept whole."""


class InboundModerator:
    """Drops what is surely spam; flags spam, abuse and personal data; masks the latter."""

    def __init__(
        self,
        words: WordLists,
        *,
        sure_spam: float = 0.9,
        likely_spam: float = 0.6,
        abuse: float = 0.6,
        concern: float = 0.3,
    ) -> None:
        """Limits of probability; from ``concern`` on a text may be a complaint and stays."""
        self._words = SpamWords(words.spam)
        self._sure_spam = sure_spam
        self._likely_spam = likely_spam
        self._abuse = abuse
        self._concern = concern

    def inspect(self, event: Event, judgement: Judgement) -> Verdict:
        """Allowed, or dropped as ``spam``; flags: spam, abuse, personal_data, empty.

        ``masked_text`` holds at most 5,000 characters and no control characters.
        """
        text = _UNPRINTABLE.sub("\ufffd", event.text)
        masked = mask(text[:_MASKED_LENGTH])
        signals = spam_signals(text, masked.kinds, self._words)
        flags: list[str] = []
        if signals or judgement.spam >= self._likely_spam:
            flags.append("spam")
        if judgement.offensive >= self._abuse:
            flags.append("abuse")
        if masked.kinds:
            flags.append("personal_data")
        if not text.strip():
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
            or judgement.intent in _CONCERNS
            or bool(judgement.risk)
        )
