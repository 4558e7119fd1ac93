"""Decisions of staff outside the console, carried out over the store."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from core.errors import Conflict
from core.localized import LocalizedText, UiLanguage, in_each
from core.model.alerts import Alert
from core.model.cards import Card, StaffAction, alert_card, draft_card
from core.model.mentions import MentionRecord
from core.model.outbox import Reply, ReplyState
from core.model.pauses import Pause, PauseScope
from core.repositories import Pauses, Store
from core.runtime.bus import Bus
from responders.alerting.auto_pause import pause_scopes
from responders.staff.feed import ActorMemory

SNOOZE: Final = timedelta(hours=1)
_TRIES: Final = 5
_MAX_DRAFTS: Final = 500


class StaffActions:
    """The actions behind the buttons of staff groups; every method may raise StoreError."""

    def __init__(
        self,
        *,
        store: Store,
        pauses: Pauses,
        bus: Bus,
        clock: Clock,
        members: Mapping[str, str],
        language: UiLanguage,
        pause_reason: Callable[[UiLanguage, str], str],
    ) -> None:
        """Wire the actions to the store.

        Args:
            store: alerts and drafts.
            pauses: pauses of automatic replies.
            bus: gets each change.
            clock: the current time.
            members: names of staff by their account on the platform.
            language: language of the group.
            pause_reason: writes the reason of a pause from a language and an alert's title.
        """
        self._store = store
        self._pauses = pauses
        self._bus = bus
        self._clock = clock
        self._members = dict(members)
        self._language = language
        self._pause_reason = pause_reason
        self._actors = ActorMemory(store.values)

    async def member(self, account: str) -> str | None:
        """Name of the member of staff with this platform account."""
        return self._members.get(account)

    async def card(self, subject: str) -> Card | None:
        """The current card about a subject; ``None`` if that no longer exists."""
        kind, _, key = subject.partition(":")
        by = await self._actors.actor(subject)
        if kind == "alert":
            alert = await self._store.alerts.get(key)
            return None if alert is None else await self._alert_card(alert, by)
        reply, about = await self._draft(key)
        if reply is None:
            return None
        return draft_card(reply, question=_question(about), taken_by=by)

    async def act(self, subject: str, action: StaffAction, *, by: str) -> Card:
        """Carry out an action; returns the card after it. Raises Conflict if it is too late."""
        kind, _, key = subject.partition(":")
        if kind != "alert":
            return await self._act_on_draft(key, subject, action, by)
        if action is StaffAction.PAUSE or action is StaffAction.RESUME:
            return await self._switch_replies(key, subject, action, by)
        return await self._act_on_alert(key, subject, action, by)

    async def _switch_replies(self, key: str, subject: str, action: StaffAction, by: str) -> Card:
        alert = await self._alert(key)
        if action is StaffAction.PAUSE:
            await self._pause(alert, by)
        else:
            for pause in await self._pauses_of(alert):
                await self._pauses.lift(pause.id, by=by)
        self._bus.publish(alert)
        return await self._alert_card(alert, await self._actors.actor(subject))

    async def _act_on_alert(self, key: str, subject: str, action: StaffAction, by: str) -> Card:
        for _ in range(_TRIES):
            alert = await self._alert(key)
            if action not in (await self._alert_card(alert, "")).actions:
                raise Conflict(f"the alert {key} is {alert.state} already")
            try:
                changed = await self._store.alerts.save(
                    _changed(alert, action, by, self._clock.now())
                )
            except Conflict:  # the alert manager stored a transition meanwhile
                continue
            await self._actors.save(subject, by)
            self._bus.publish(changed)
            return await self._alert_card(changed, by)
        raise Conflict(f"the alert {key} changes all the time. Try again.")

    async def _act_on_draft(self, key: str, subject: str, action: StaffAction, by: str) -> Card:
        reply, about = await self._draft(key)
        if reply is None or reply.state is not ReplyState.DRAFT:
            raise Conflict(f"the draft {key} was settled already")
        if action is StaffAction.TAKE:
            await self._actors.save(subject, by)
            changed = reply
        else:
            approve = action is StaffAction.APPROVE
            changed = await self._store.outbox.settle_draft(
                reply.key, by=by, approve=approve, text=reply.text
            )
        self._bus.publish(changed)
        return draft_card(changed, question=_question(about), taken_by=by)

    async def _draft(self, place: str) -> tuple[Reply | None, MentionRecord | None]:
        """The reply at ``SEQ:KEY``, settled or not, and the mention it answers."""
        seq, _, key = place.partition(":")
        about = await self._store.mentions.get(int(seq)) if seq else None
        replies = about.replies if about else await self._store.outbox.drafts(limit=_MAX_DRAFTS)
        return next((one for one in replies if one.key == key), None), about

    async def _alert(self, key: str) -> Alert:
        alert = await self._store.alerts.get(key)
        if alert is None:
            raise Conflict(f"the alert {key} no longer exists")
        return alert

    async def _alert_card(self, alert: Alert, by: str) -> Card:
        paused = bool(await self._pauses_of(alert))
        return alert_card(alert, now=self._clock.now(), paused=paused, by=by)

    async def _pause(self, alert: Alert, by: str) -> None:
        """Pause all automatic replies of the alert's brand; of every brand if it has none."""
        scope, value = _brand_scope(alert)

        def reason(language: UiLanguage) -> str:
            return self._pause_reason(language, alert.localized(language).title)

        await self._pauses.save(
            Pause(
                id=f"{scope}:{value}" if value else scope,
                scope=scope,
                value=value,
                reason=reason(self._language),
                by=by,
                at=self._clock.now(),
                wordings=in_each(lambda one: LocalizedText(language=one, title=reason(one))),
            )
        )

    async def _pauses_of(self, alert: Alert) -> list[Pause]:
        """The pauses that hold automatic replies about the alert's incident or topic."""
        scopes = {("all", ""), _brand_scope(alert), *pause_scopes(alert)}
        if alert.incident is not None:
            scopes.add(("incident", alert.incident))
        return [one for one in await self._pauses.all() if (one.scope, one.value) in scopes]


def _question(about: MentionRecord | None) -> str:
    return "" if about is None else about.mention.masked_text


def _changed(alert: Alert, action: StaffAction, by: str, now: datetime) -> Alert:
    if action is StaffAction.SNOOZE:
        return replace(alert, snoozed_until=now + SNOOZE)
    return replace(
        alert,
        state="acknowledged",
        owner=by if action is StaffAction.TAKE else alert.owner,
        acknowledged_at=alert.acknowledged_at or now,
    )


def _brand_scope(alert: Alert) -> tuple[PauseScope, str]:
    return ("brand", alert.brand) if alert.brand is not None else ("all", "")
