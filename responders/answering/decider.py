"""Decides about a mention by the playbook, and plans the conversation, ticket and reply of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.articles import Answer
from core.clock import Clock
from core.conversations import Conversation, ConversationState
from core.decisions import Action, Decision
from core.mentions import Mention
from core.outbox import Reply, ReplyState
from core.outcomes import Plan
from core.repositories import Store
from core.settings import SlaSettings
from core.tickets import Ticket
from responders.answering.commands import Command, order_of, read_command
from responders.answering.context import (
    TOO_MANY,
    Case,
    conversation_after,
    reply_key,
    target,
    text_key,
    why_silent,
)
from responders.answering.playbook import Match, Playbook, first_match
from responders.answering.reply_limits import Pace, Turns
from responders.ports import Answers
from responders.templates import Catalogue, Written, written
from responders.tickets.opening import continued, new_ticket, open_ticket
from responders.tickets.severity import severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Manners:
    """How the machine behaves, whatever the playbook says."""

    own_authors: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Ids of the brand's own accounts, by channel; they are never answered."""
    pace: Pace = field(default_factory=Pace)
    staff_language: Written = "zh"
    """The language of reasons that staff read."""


class PlaybookDecider:
    """The Decider that follows a playbook."""

    def __init__(
        self,
        *,
        store: Store,
        answers: Answers,
        playbook: Playbook,
        texts: Catalogue,
        sla: SlaSettings,
        clock: Clock,
        manners: Manners | None = None,
    ) -> None:
        self._store = store
        self._answers = answers
        self._playbook = playbook
        self._texts = texts
        self._sla = sla
        self._clock = clock
        self._manners = manners or Manners()
        self._turns = Turns(self._manners.pace)

    async def decide(self, mention: Mention) -> Plan:
        """As Decider.decide. Reserves a number where a new ticket is planned."""
        event = mention.event
        if event.author.id in self._manners.own_authors.get(event.channel, frozenset()):
            reason = self._texts.say("own_post", self._manners.staff_language)
            return Plan(
                decision=Decision(
                    action=Action.IGNORE, rule="own-post", reason=reason, remark="own_post"
                )
            )
        before = await self._before(mention) if event.solicited else None
        if (command := read_command(event)) is not None:
            return await self._obey(command, mention, before)
        known = before.language if before else event.author.language
        language = written(mention.judgement.language, known)
        match = self._match(mention, language, before)
        if not event.solicited:
            if match.rule.then.action == "ignore":
                return Plan(decision=self._decision(Action.IGNORE, mention, match, None))
            before = await self._before(mention)
        return await self._plan(
            Case(
                mention=mention,
                match=match,
                language=language,
                before=before,
                open=await open_ticket(self._store.tickets, before),
                now=self._clock.now(),
            )
        )

    async def _obey(self, command: Command, mention: Mention, before: Conversation | None) -> Plan:
        """The plan for what a shopper asks for by command, whatever the playbook says."""
        now = self._clock.now()
        order = await order_of(
            command, mention, before, tickets=self._store.tickets, texts=self._texts, now=now
        )
        return await self._plan(
            Case(
                mention=mention,
                match=self._unless_looping(mention, order.match),
                language=order.language,
                before=before,
                open=await open_ticket(self._store.tickets, before),
                now=now,
                fields=order.fields,
                mutes=order.muted,
            )
        )

    async def _before(self, mention: Mention) -> Conversation | None:
        return await self._store.conversations.get(
            mention.event.channel, mention.event.conversation
        )

    def _match(self, mention: Mention, language: Written, before: Conversation | None) -> Match:
        event = mention.event

        def answer() -> Answer | None:
            found = self._answers.search(event.text, language, 1)
            return found[0] if found else None

        return self._unless_looping(
            mention,
            first_match(self._playbook, mention, first_contact=before is None, answer=answer),
        )

    def _unless_looping(self, mention: Mention, match: Match) -> Match:
        """``match``, or a person where the author has had too many replies in a short time."""
        event = mention.event
        looping = self._turns.too_many(
            event.channel, event.author.id, reply_key(event), self._clock.monotonic()
        )
        if looping and match.rule.then.action == "reply":
            return Match(rule=TOO_MANY)
        return match

    async def _plan(self, case: Case) -> Plan:
        ticket = await self._ticket(case)
        silent = why_silent(case)
        event = case.mention.event
        if (
            silent is None
            and case.is_edit
            and await self._store.outbox.replied_to(event.channel, event.id)
        ):
            silent = "already_answered"
        reply = None
        if silent is None and (words := text_key(case)) is not None:
            reply, silent = self._reply(case, words, ticket)
        if case.then.action == "ticket":
            action = Action.TICKET
        elif reply is None:
            action = Action.IGNORE
        else:
            action = Action.DRAFT if reply.state is ReplyState.DRAFT else Action.REPLY
        return Plan(
            decision=self._decision(action, case.mention, case.match, silent),
            conversation=conversation_after(case, ticket),
            ticket=ticket,
            replies=() if reply is None else (reply,),
        )

    async def _ticket(self, case: Case) -> Ticket | None:
        """A new ticket, or the open one with what this mention changes about it."""
        sla, now = self._sla, case.now
        if case.then.action != "ticket":
            if case.open is None or case.state is not ConversationState.HUMAN:
                return None
            return continued(case.open, level=None, sla=sla, now=now)
        level = case.then.severity or severity(case.mention.judgement)
        if case.open is not None:
            return continued(case.open, level=level, sla=sla, now=now)
        return new_ticket(
            await self._store.tickets.reserve_number(),
            case.mention,
            level=level,
            language=case.language,
            sla=sla,
            texts=self._texts,
            now=now,
        )

    def _reply(
        self, case: Case, words: str, ticket: Ticket | None
    ) -> tuple[Reply | None, str | None]:
        """The reply, with what staff should know about it; no reply where it would be a repeat."""
        event = case.mention.event
        key = reply_key(event)
        draft = case.for_person
        text = self._fresh_text(case, words, key, ticket)
        if text is None:
            return None, "said_before"
        if not draft:
            self._turns.note(
                key,
                channel=event.channel,
                author=event.author.id,
                conversation=event.conversation,
                text=text,
                now=self._clock.monotonic(),
            )
        reply = Reply(
            key=key,
            target=target(case),
            text=text,
            state=ReplyState.DRAFT if draft else ReplyState.PENDING,
            language=case.language,
            by="bot",
            created_at=case.now,
            mention=case.mention.seq,
            ticket=ticket.number if ticket else None,
        )
        return reply, "held_for_person" if draft else None

    def _fresh_text(self, case: Case, words: str, key: str, ticket: Ticket | None) -> str | None:
        """A variant that was not said in this conversation a moment ago, if there is one."""
        event, language = case.mention.event, case.language
        fields = dict(case.fields)
        if ticket is not None:
            left = (ticket.due_at - case.now).total_seconds() / 60
            about = {"number": ticket.number, "within": self._texts.within(left, language)}
            fields = about | fields
        if case.match.answer is not None:
            fields["answer"] = case.match.answer.article.body
        now = self._clock.monotonic()
        for turn in range(self._texts.variants(words, language)):
            text = self._texts.say(words, language, seed=key, turn=turn, **fields)
            if not self._turns.said(event.channel, event.conversation, text, key, now):
                return text
        return None

    def _decision(
        self, action: Action, mention: Mention, match: Match, remark: str | None
    ) -> Decision:
        judgement, answer, language = mention.judgement, match.answer, self._manners.staff_language
        why = "why_article" if answer else "why_risk" if judgement.risk else "why"
        reason = self._texts.say(
            why,
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
            reason = f"{reason} {self._texts.say(remark, language)}"
        return Decision(
            action=action,
            rule=match.rule.name,
            reason=reason,
            remark=remark or "",
            article=answer.article.id if answer else None,
            confidence=answer.confidence if answer else None,
        )
