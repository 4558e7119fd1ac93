"""What may go out: the last word before any send. What cannot be checked is not sent."""

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from core.clock import Clock
from core.judgement import Verdict
from core.outbox import Reply
from moderation.masking import mask
from moderation.words import PromiseWordLists, WordFinder, fold_for_search

log = logging.getLogger(__name__)

Refusal = Literal[
    "empty",
    "too_long",
    "placeholder",
    "banned_phrase",
    "personal_data",
    "unsolicited",
    "repeated",
    "frozen",
    "freeze_unknown",
]
"""Why a reply is held back; the reason may add detail after a colon."""

_PLACEHOLDER: Final = re.compile(
    r"\{\{[^{}]{0,80}\}\}|\$?\{[^{}\n]{0,80}\}|%\([A-Za-z_]{1,40}\)s|<%[^%]{0,80}%>"
)
_MAX_REMEMBERED: Final = 10_000


Measure = tuple[Callable[[str], int], int]
"""How a platform counts a text, and how much of that it takes."""


class PauseCheck(Protocol):
    """Knows which automatic replies are paused."""

    async def frozen(self, reply: Reply) -> str | None:
        """Why this reply has to wait for a person; ``None`` where nothing is paused."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class GateRules:
    """What the operator sets."""

    longest: int = 5000
    """Characters a reply may have on a channel that is not in ``measures``."""
    measures: Mapping[str, Measure] = field(default_factory=dict)
    """By channel, where the platform counts in its own way."""
    private_channels: frozenset[str] = frozenset()
    """Channels where nothing is public, whatever a reply answers."""
    own_contacts: tuple[str, ...] = ()
    """The brand's own phones and addresses, which may be told in public."""
    repeat_seconds: float = 60.0


class OutboundGate:
    """Checks every reply; replies by staff are free of the rules for the machine."""

    def __init__(
        self,
        promises: PromiseWordLists,
        *,
        pauses: PauseCheck,
        clock: Clock,
        rules: GateRules | None = None,
    ) -> None:
        self._banned = WordFinder(promises.banned)
        self._freezes = pauses
        self._clock = clock
        self._rules = rules or GateRules()
        self._said: OrderedDict[tuple[str, str, str], tuple[str, float]] = OrderedDict()

    async def check(self, reply: Reply) -> Verdict:
        """Allowed, or the first Refusal that applies; ``masked_text`` is safe to log."""
        refusal = self._unsafe(reply)
        if refusal is None and reply.by == "bot":
            refusal = await self._unfit_for_machine(reply)
        if refusal is not None:
            log.warning("reply held back", extra={"key": reply.key, "reason": refusal})
        return Verdict(
            allowed=refusal is None,
            reason=refusal or "",
            masked_text=mask(reply.text[: self._rules.longest]).text,
        )

    def _unsafe(self, reply: Reply) -> str | None:
        text, rules = reply.text, self._rules
        if not text.strip():
            return "empty"
        count, most = rules.measures.get(reply.target.channel, (len, rules.longest))
        if count(text) > most:
            return "too_long"
        if _PLACEHOLDER.search(text):
            return "placeholder"
        if banned := self._banned.found(fold_for_search(text)):
            return f"banned_phrase: {banned[0]}"
        if self._is_public(reply):
            for own in rules.own_contacts:
                text = text.replace(own, "")
            if kinds := mask(text).kinds:
                return f"personal_data: {', '.join(kinds)}"
        return None

    async def _unfit_for_machine(self, reply: Reply) -> str | None:
        if self._is_public(reply) and not reply.target.solicited:
            return "unsolicited"
        try:
            why = await self._freezes.frozen(reply)
        except Exception:  # whatever failed, silence is the safe side
            log.exception("cannot tell whether replies are paused", extra={"key": reply.key})
            return "freeze_unknown"
        if why is not None:
            return f"frozen: {why}"
        return "repeated" if self._is_repeat(reply) else None

    def _is_public(self, reply: Reply) -> bool:
        target = reply.target
        return target.reply_to is not None and target.channel not in self._rules.private_channels

    def _is_repeat(self, reply: Reply) -> bool:
        """True where another reply has just said the same; a retry of this one is no repeat."""
        now = self._clock.monotonic()
        target = reply.target
        said = (target.channel, target.conversation, fold_for_search(reply.text).solid)
        key, at = self._said.get(said, (reply.key, now))
        if key != reply.key and now - at < self._rules.repeat_seconds:
            return True
        self._said[said] = (reply.key, now)
        self._said.move_to_end(said)
        if len(self._said) > _MAX_REMEMBERED:
            self._said.popitem(last=False)
        return False
