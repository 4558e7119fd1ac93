"""The outbound gate: the last check before any send, and the pauses of automatic replies.

A reply that cannot be checked is held.
"""

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from core.clock import Clock
from core.model.judgement import Verdict
from core.model.mentions import MentionRecord
from core.model.outbox import Reply
from core.model.pauses import Pause
from core.repositories import Mentions, Pauses, Store
from moderation.inbound import InboundModerator
from moderation.masking import mask, published_contacts
from moderation.word_lists import (
    FoldedText,
    PromiseWordLists,
    WordFinder,
    fold_for_search,
    shipped_words,
)

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
"""First word of ``Verdict.reason``; detail may follow after a colon."""

_PLACEHOLDER: Final = re.compile(
    r"\{\{[^{}]{0,80}\}\}|\$?\{[^{}\n]{0,80}\}|%\([A-Za-z_]{1,40}\)s|<%[^%]{0,80}%>"
)
_MAX_REMEMBERED: Final = 10_000


Measure = tuple[Callable[[str], int], int]
"""A platform's length of a text, and the greatest length it accepts."""


class PauseCheck(Protocol):
    """Answers whether an automatic reply is paused."""

    async def pause_reason(self, reply: Reply) -> str | None:
        """The reason of the pause that holds this reply; ``None`` where none does.

        Raises where the pauses cannot be read; the gate then holds the reply.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class GateRules:
    """The operator's settings."""

    longest: int = 5000
    """Characters a reply may have on channels without an entry in ``measures``."""
    measures: Mapping[str, Measure] = field(default_factory=dict)
    """By channel, where the platform counts differently."""
    private_channels: frozenset[str] = frozenset()
    """Channels on which no reply is public."""
    own_contacts: tuple[str, ...] = ()
    """The brand's own phones and addresses, allowed in public replies."""
    repeat_seconds: float = 60.0


class OutboundGate:
    """Checks every reply; some rules apply to automatic replies only."""

    def __init__(
        self,
        promises: PromiseWordLists,
        *,
        pauses: PauseCheck,
        clock: Clock,
        rules: GateRules | None = None,
    ) -> None:
        self._banned = WordFinder(promises.banned)
        self._pauses = pauses
        self._clock = clock
        self._rules = rules or GateRules()
        self._said: OrderedDict[tuple[str, str, str], tuple[str, float]] = OrderedDict()

    async def check(self, reply: Reply) -> Verdict:
        """Allow the reply, or name the first Refusal that applies.

        ``masked_text`` is safe to log.
        """
        target = reply.target
        public = target.reply_to is not None and target.channel not in self._rules.private_channels
        folded = fold_for_search(reply.text)
        refusal = self._unsafe(reply, folded, public=public)
        if refusal is None and reply.by == "bot":
            refusal = await self._refused_if_automatic(reply, folded, public=public)
        if refusal is not None:
            log.warning("reply held back", extra={"key": reply.key, "reason": refusal})
        return Verdict(
            allowed=refusal is None,
            reason=refusal or "",
            masked_text=mask(reply.text[: self._rules.longest]).text,
        )

    def _unsafe(self, reply: Reply, folded: FoldedText, *, public: bool) -> str | None:
        text, rules = reply.text, self._rules
        if not text.strip():
            return "empty"
        count, most = rules.measures.get(reply.target.channel, (len, rules.longest))
        if count(text) > most:
            return "too_long"
        if _PLACEHOLDER.search(text):
            return "placeholder"
        if banned := self._banned.found(folded):
            return f"banned_phrase: {banned[0]}"
        if public:
            for own in rules.own_contacts:
                text = text.replace(own, "")
            if kinds := mask(text).kinds:
                return f"personal_data: {', '.join(kinds)}"
        return None

    async def _refused_if_automatic(
        self, reply: Reply, folded: FoldedText, *, public: bool
    ) -> str | None:
        if public and not reply.target.solicited:
            return "unsolicited"
        try:
            why = await self._pauses.pause_reason(reply)
        except Exception:  # whatever failed, holding the reply is the safe side
            log.exception("cannot tell whether replies are paused", extra={"key": reply.key})
            return "freeze_unknown"
        if why is not None:
            return f"frozen: {why}"
        return "repeated" if self._is_repeat(reply, folded) else None

    def _is_repeat(self, reply: Reply, folded: FoldedText) -> bool:
        """True where another reply has just said the same in this conversation.

        A retry of the same reply is not a repeat.
        """
        now = self._clock.monotonic()
        target = reply.target
        said = (target.channel, target.conversation, folded.solid)
        key, at = self._said.get(said, (reply.key, now))
        if key != reply.key and now - at < self._rules.repeat_seconds:
            return True
        self._said[said] = (reply.key, now)
        self._said.move_to_end(said)
        if len(self._said) > _MAX_REMEMBERED:
            self._said.popitem(last=False)
        return False


class StoredPauses:
    """Creates and lifts pauses of automatic replies, and tells which replies they hold.

    The store is authoritative, so that pauses set or lifted by another process count here too. A
    pause created here holds from the call on, before it is stored.
    """

    def __init__(self, stored: Pauses, mentions: Mentions) -> None:
        self._stored = stored
        self._mentions = mentions
        self._unstored: dict[str, Pause] = {}
        self._changes = 0

    async def all(self) -> Sequence[Pause]:
        """All pauses, oldest first. Raises StoreError."""
        stored = {pause.id: pause for pause in await self._stored.all()}
        return sorted((stored | self._unstored).values(), key=lambda one: (one.at, one.id))

    async def save(self, pause: Pause) -> None:
        """Create a pause; no automatic reply that it holds starts after this call.

        Raises StoreError where it cannot be stored; it then holds until the process ends.
        """
        self._unstored[pause.id] = pause
        self._changes += 1
        await self._stored.save(pause)
        if self._unstored.get(pause.id) is pause:
            del self._unstored[pause.id]
            self._changes += 1

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        """Lift a pause; False where there is none with this id."""
        lifted = await self._stored.lift(id, by=by)
        return self._unstored.pop(id, None) is not None or lifted

    async def pause_reason(self, reply: Reply) -> str | None:
        """As ``PauseCheck.pause_reason``. Raises StoreError where the store cannot be read.

        Reads again where a pause was created meanwhile: nothing else runs between the last check
        and the return.
        """
        while True:
            seen = self._changes
            found = await self.all()
            about: MentionRecord | None = None
            if reply.mention is not None and any(map(_needs_mention, found)):
                about = await self._mentions.get(reply.mention)
            if seen == self._changes:
                break
        held = next((pause for pause in found if holds(pause, reply, about)), None)
        return None if held is None else held.reason or held.id


def _needs_mention(pause: Pause) -> bool:
    return pause.scope not in ("all", "channel")


def holds(pause: Pause, reply: Reply, about: MentionRecord | None) -> bool:
    """True where the pause applies to this reply.

    ``about``: the mention that it answers. Without it, every pause that depends on the mention
    applies.
    """
    if pause.scope == "all":
        return True
    if pause.scope == "channel":
        return reply.target.channel == pause.value
    if about is None:
        return True
    mention = about.mention
    if pause.scope == "brand":
        return pause.value in mention.brands
    if pause.scope == "incident":
        return mention.incident == pause.value
    brand, _, category = pause.value.rpartition("/")
    return mention.judgement.category == category and (not brand or brand in mention.brands)


@dataclass(frozen=True, kw_only=True, slots=True)
class Guards:
    """Inbound moderation, the outbound gate, and the pauses that the gate checks."""

    inbound: InboundModerator
    gate: OutboundGate
    pauses: StoredPauses


def build_guards(
    clock: Clock,
    *,
    store: Store,
    published: Iterable[str] = (),
    private_channels: Iterable[str] = (),
    measures: Mapping[str, Measure] | None = None,
) -> Guards:
    """Build with the word lists that ship with Tingfeng.

    ``published``: texts of the brand, such as its articles; the phones and addresses in them may
    appear in public replies. ``private_channels``: names of channels on which nothing is public.
    """
    words = shipped_words()
    rules = GateRules(
        private_channels=frozenset(private_channels),
        own_contacts=published_contacts(published),
        measures=measures or {},
    )
    pauses = StoredPauses(store.pauses, store.mentions)
    return Guards(
        pauses=pauses,
        inbound=InboundModerator(words),
        gate=OutboundGate(words.promises, pauses=pauses, clock=clock, rules=rules),
    )
