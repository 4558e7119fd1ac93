"""Decides about a mention by the playbook; plans the conversation, the ticket and the reply."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from core.clock import Clock
from core.i18n import Catalogue
from core.localized import UiLanguage
from core.model.articles import Answer
from core.model.conversations import Conversation, ConversationState, is_later_revision
from core.model.decisions import Action, Decision
from core.model.event_text import says_nothing
from core.model.mentions import Mention
from core.model.outbox import ReplyState
from core.model.outcomes import Plan
from core.model.tickets import Ticket
from core.repositories import Store
from core.settings import SlaSettings
from responders.answering.context import (
    REPEATED,
    TOO_MANY,
    WORDLESS,
    DecisionContext,
    command_context,
    conversation_after,
    read_command,
    remark_of,
    silence_reason,
    text_key,
)
from responders.answering.playbook import Match, Playbook, first_match
from responders.answering.replies import RepeatedPosts, ReplyLimits, ReplyWriter
from responders.texts import ShopperTexts, reply_language
from responders.tickets import continued, new_ticket, open_ticket, severity


class ArticleSearch(Protocol):
    """Searches the knowledge base."""

    def search(self, text: str, language: UiLanguage, limit: int = 3) -> Sequence[Answer]:
        """Up to ``limit`` articles in a language by confidence, the highest first."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyPolicy:
    """Rules of automatic replies that hold whatever the playbook says."""

    own_authors: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Ids of the brands' own accounts, by channel; they are never answered."""
    limits: ReplyLimits = field(default_factory=ReplyLimits)
    staff_language: UiLanguage = "zh"
    """Language of the reasons that staff read."""


class PlaybookDecider:
    """Implements ``core.ports.Decider`` with a playbook."""

    def __init__(
        self,
        *,
        store: Store,
        articles: ArticleSearch,
        playbook: Playbook,
        catalogue: Catalogue,
        sla: SlaSettings,
        clock: Clock,
        policy: ReplyPolicy | None = None,
    ) -> None:
        self._store = store
        self._articles = articles
        self._playbook = playbook
        self._catalogue = catalogue
        self._texts = ShopperTexts(catalogue)
        self._sla = sla
        self._clock = clock
        self._policy = policy or ReplyPolicy()
        self._repeats = RepeatedPosts()
        self._writer = ReplyWriter(self._texts, self._policy.limits, clock)

    async def decide(self, mention: Mention) -> Plan:
        """As Decider.decide. Reserves a number for each ticket that it plans."""
        event = mention.event
        if event.author.id in self._policy.own_authors.get(event.channel, frozenset()):
            reason = self._catalogue.say("staff.own_post", self._policy.staff_language)
            return Plan(
                decision=Decision(
                    action=Action.IGNORE, rule="own-post", reason=reason, remark="own_post"
                )
            )
        conversations = self._store.conversations
        before = None
        if event.solicited:
            before = await conversations.get(event.channel, event.conversation)
        if (command := read_command(event)) is not None:
            context = await command_context(
                command,
                mention,
                before,
                tickets=self._store.tickets,
                texts=self._texts,
                now=self._clock.now(),
            )
            return await self._plan(replace(context, match=self._limited(mention, context.match)))
        known = before.language if before else event.author.language
        language = reply_language(mention.judgement.language, known)
        match = self._match(mention, language, before)
        if not event.solicited:
            if match.rule.then.action == "ignore":
                remark = remark_of(match.rule)
                return Plan(decision=self._decision(Action.IGNORE, mention, match, remark))
            before = await conversations.get(event.channel, event.conversation)
        return await self._plan(
            DecisionContext(
                mention=mention,
                match=match,
                language=language,
                before=before,
                open=await open_ticket(self._store.tickets, before),
                now=self._clock.now(),
            )
        )

    def _match(self, mention: Mention, language: UiLanguage, before: Conversation | None) -> Match:
        if says_nothing(mention.event):
            return Match(rule=WORDLESS)
        if self._repeats.is_one_too_many(mention.event):
            return Match(rule=REPEATED)

        def answer() -> Answer | None:
            found = self._articles.search(mention.event.text, language, 1)
            return found[0] if found else None

        match = first_match(self._playbook, mention, first_contact=before is None, answer=answer)
        return self._limited(mention, match)

    def _limited(self, mention: Mention, match: Match) -> Match:
        """The match, or a ticket in place of a reply beyond the limits."""
        if match.rule.then.action == "reply" and self._writer.limit_reached(mention.event):
            return Match(rule=TOO_MANY)
        return match

    async def _plan(self, context: DecisionContext) -> Plan:
        event, ticket = context.mention.event, await self._ticket(context)
        remark = silence_reason(context)
        if (
            remark is None
            and is_later_revision(event)
            and await self._store.outbox.replied_to(event.channel, event.id)
        ):
            remark = "already_answered"
        reply = None
        if remark is None and (key := text_key(context)) is not None:
            reply = self._writer.write(context, key, ticket)
            if reply is None:
                remark = "said_before"
            elif reply.state is ReplyState.DRAFT:
                remark = "held_for_person"
        if context.then.action == "ticket":
            action = Action.TICKET
        elif reply is None:
            action = Action.IGNORE
        else:
            action = Action.DRAFT if reply.state is ReplyState.DRAFT else Action.REPLY
        return Plan(
            decision=self._decision(action, context.mention, context.match, remark),
            conversation=conversation_after(context, ticket),
            ticket=ticket,
            replies=() if reply is None else (reply,),
        )

    async def _ticket(self, context: DecisionContext) -> Ticket | None:
        """A new ticket, or the open one as this mention changes it."""
        sla, now = self._sla, context.now
        if context.then.action != "ticket":
            if context.open is None or context.state is not ConversationState.HUMAN:
                return None
            return continued(context.open, level=None, sla=sla, now=now)
        level = context.then.severity or severity(context.mention.judgement)
        if context.open is not None:
            return continued(context.open, level=level, sla=sla, now=now)
        return new_ticket(
            await self._store.tickets.reserve_number(),
            context.mention,
            level=level,
            language=context.language,
            sla=sla,
            catalogue=self._catalogue,
            now=now,
        )

    def _decision(
        self, action: Action, mention: Mention, match: Match, remark: str | None
    ) -> Decision:
        judgement, answer, language = mention.judgement, match.answer, self._policy.staff_language
        why = "why_article" if answer else "why_risk" if judgement.risk else "why"
        reason = self._catalogue.say(
            f"staff.{why}",
            language,
            rule=match.rule.name,
            intent=judgement.intent,
            sentiment=judgement.sentiment,
            complaint=f"{judgement.complaint:.2f}",
            category=judgement.category,
            risk=", ".join(judgement.risk),
            article=answer.article.id if answer else "",
            confidence=f"{answer.confidence:.2f}" if answer else "",
        )
        if remark is not None:
            reason = f"{reason} {self._catalogue.say(f'staff.{remark}', language)}"
        return Decision(
            action=action,
            rule=match.rule.name,
            reason=reason,
            remark=remark or "",
            article=answer.article.id if answer else None,
            confidence=answer.confidence if answer else None,
        )
