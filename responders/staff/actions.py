"""What members of staff do in a group beside the console, carried out over the store."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from core.alerts import Alert
from core.bus import Bus
from core.cards import Card, StaffAction, alert_card, draft_card, token_of
from core.clock import Clock
from core.errors import Conflict
from core.localized import LocalizedText, UiLanguage, in_each
from core.mentions import MentionRecord
from core.outbox import Reply, ReplyState
from core.pauses import Pause, PauseScope
from core.repositories import Pauses, Store
from responders.alerting.auto_pause import topics_of

SNOOZE: Final = timedelta(hours=1)
_TRIES: Final = 5
_MOST_DRAFTS: Final = 500
_NOTES: Final = "staff_notes"
_MOST_NOTES: Final = 300


class StoreDesk:
    """The desk behind a group's buttons; every method may raise StoreError."""

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
        """``members``: names of staff by their account on the platform.

        ``language``: theirs. ``pause_reason``: says in a language why replies wait, given the
        title of the alert.
        """
        self._store = store
        self._freezer = pauses
        self._bus = bus
        self._clock = clock
        self._members = dict(members)
        self._language = language
        self._pause_reason = pause_reason

    async def member(self, account: str) -> str | None:
        """Name of the member of staff with this account, if there is one."""
        return self._members.get(account)

    async def card(self, subject: str) -> Card | None:
        """The matter as it is now; ``None`` where there is none any more."""
        kind, _, key = subject.partition(":")
        by = (await self._notes()).get(token_of(subject), "")
        if kind == "alert":
            alert = await self._store.alerts.get(key)
            return None if alert is None else await self._alert_card(alert, by)
        reply, about = await self._draft(key)
        if reply is None:
            return None
        return draft_card(reply, question=_question(about), taken_by=by)

    async def act(self, subject: str, action: StaffAction, *, by: str) -> Card:
        """Do it and return the matter as it is then; raises Conflict where it is too late."""
        kind, _, key = subject.partition(":")
        if kind == "alert":
            return await self._act_on_alert(key, subject, action, by)
        return await self._act_on_draft(key, subject, action, by)

    async def _act_on_alert(self, key: str, subject: str, action: StaffAction, by: str) -> Card:
        if action is StaffAction.PAUSE or action is StaffAction.RESUME:
            alert = await self._found(key)
            if action is StaffAction.PAUSE:
                await self._pause(alert, by)
            else:
                for pause in await self._pauses(alert):
                    await self._freezer.lift(pause.id, by=by)
            self._bus.publish(alert)
            return await self._alert_card(alert, (await self._notes()).get(token_of(subject), ""))
        for _ in range(_TRIES):
            alert = await self._found(key)
            if action not in (await self._alert_card(alert, "")).actions:
                raise Conflict(f"the alert {key} is {alert.state} already")
            try:
                changed = await self._store.alerts.save(
                    _changed(alert, action, by, self._clock.now())
                )
            except Conflict:  # the desk of alerts has just noted something about it
                continue
            await self._note(subject, by)
            self._bus.publish(changed)
            return await self._alert_card(changed, by)
        raise Conflict(f"the alert {key} changes all the time. Try again.")

    async def _act_on_draft(self, key: str, subject: str, action: StaffAction, by: str) -> Card:
        reply, about = await self._draft(key)
        if reply is None or reply.state is not ReplyState.DRAFT:
            raise Conflict(f"the draft {key} was settled already")
        if action is StaffAction.TAKE:
            await self._note(subject, by)
            changed = reply
        else:
            approve = action is StaffAction.APPROVE
            changed = await self._store.outbox.settle_draft(
                reply.key, by=by, approve=approve, text=reply.text
            )
        self._bus.publish(changed)
        return draft_card(changed, question=_question(about), taken_by=by)

    async def _draft(self, place: str) -> tuple[Reply | None, MentionRecord | None]:
        """The reply behind ``SEQ:KEY``, settled or not, and what it answers."""
        seq, _, key = place.partition(":")
        about = await self._store.mentions.get(int(seq)) if seq else None
        replies = about.replies if about else await self._store.outbox.drafts(limit=_MOST_DRAFTS)
        return next((one for one in replies if one.key == key), None), about

    async def _found(self, key: str) -> Alert:
        alert = await self._store.alerts.get(key)
        if alert is None:
            raise Conflict(f"the alert {key} is gone")
        return alert

    async def _alert_card(self, alert: Alert, by: str) -> Card:
        paused = bool(await self._pauses(alert))
        return alert_card(alert, now=self._clock.now(), paused=paused, by=by)

    async def _pause(self, alert: Alert, by: str) -> None:
        """Hold all automatic replies of the alert's brand; of every brand where it has none."""
        scope, value = _scope(alert)

        def why(language: UiLanguage) -> str:
            return self._pause_reason(language, alert.told(language).title)

        await self._freezer.save(
            Pause(
                id=f"{scope}:{value}" if value else scope,
                scope=scope,
                value=value,
                reason=why(self._language),
                by=by,
                at=self._clock.now(),
                wordings=in_each(lambda one: LocalizedText(language=one, title=why(one))),
            )
        )

    async def _pauses(self, alert: Alert) -> list[Pause]:
        """What holds automatic replies about this alert's matter."""
        about = {("all", ""), _scope(alert), *topics_of(alert)}
        if alert.incident is not None:
            about.add(("incident", alert.incident))
        return [one for one in await self._freezer.all() if (one.scope, one.value) in about]

    async def _notes(self) -> dict[str, str]:
        saved: dict[str, str] = json.loads(await self._store.values.get(_NOTES) or "{}")
        return saved

    async def _note(self, subject: str, by: str) -> None:
        """Remember who acted last; the record has no place for it."""
        notes = await self._notes()
        notes.pop(token_of(subject), None)
        notes[token_of(subject)] = by
        newest = dict(list(notes.items())[-_MOST_NOTES:])
        await self._store.values.set(_NOTES, json.dumps(newest, ensure_ascii=False))


def _question(about: MentionRecord | None) -> str:
    return "" if about is None else about.mention.masked_text


def _changed(alert: Alert, action: StaffAction, by: str, now: datetime) -> Alert:
    if action is StaffAction.SNOOZE:
        return replace(alert, snoozed_until=now + SNOOZE)
    owner = by if action is StaffAction.TAKE else alert.owner
    return replace(
        alert,
        state="acknowledged",
        owner=owner,
        acknowledged_at=alert.acknowledged_at or now,
    )


def _scope(alert: Alert) -> tuple[PauseScope, str]:
    return ("brand", alert.brand) if alert.brand is not None else ("all", "")
