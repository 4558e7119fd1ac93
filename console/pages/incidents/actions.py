"""Actions of staff on an incident; each is entered in its timeline."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from starlette.exceptions import HTTPException

from console.context import ConsoleContext
from console.forms import MAX_REPLY, clean
from core.errors import Conflict, InputError
from core.localized import LocalizedText, UiLanguage, in_each
from core.model.alerts import Alert, Mute
from core.model.incidents import Incident, TimelineEntry
from core.model.pauses import Pause

MUTE_HOURS: Final = (1, 4, 24)
MAX_ENTRIES: Final = 200
_ATTEMPTS: Final = 5
_MAX_ALERTS: Final = 1000
_MAX_SPLIT: Final = 200

DONE: Final = "incident.done"
_Action = Callable[[Incident, Mapping[str, str], str], Awaitable[str]]


class IncidentActions:
    """Carries out the forms of an incident's page.

    Changes are compare-and-set against the stored version and retried on a conflict. The text of
    an InputError is the name of a message.
    """

    def __init__(self, context: ConsoleContext) -> None:
        self._context = context
        self._actions: Mapping[str, _Action] = {
            "own": self._own,
            "acknowledge": self._acknowledge,
            "statement": self._statement,
            "resolve": self._resolve,
            "reopen": self._reopen,
            "pause": self._pause,
            "freeze": self._pause,  # the name in version 0.1, for scripts
            "lift": self._lift,
            "silence": self._mute,
            "unsilence": self._unmute,
            "merge": self._merge,
            "split": self._split,
        }

    async def do(self, incident: Incident, form: Mapping[str, str], *, by: str) -> str:
        """Carry out the form's ``do``; returns the name of the message to show.

        Raises HTTPException 400 for an unknown ``do``, InputError for invalid fields, and Conflict
        where a colleague's change is in the way.
        """
        action = self._actions.get(form.get("do", ""))
        if action is None:
            raise HTTPException(400, detail="not_a_form")
        return await action(incident, form, by)

    async def _own(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        await self._change(incident, self._entry(by, "owned"), owner=by)
        await self._acknowledge_alerts(incident, by)
        return DONE

    async def _acknowledge(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        await self._acknowledge_alerts(incident, by)
        await self._change(incident, self._entry(by, "acknowledged"))
        return DONE

    async def _resolve(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        await self._change(incident, self._entry(by, "resolved"), state="resolved")
        await self._resolve_alerts(incident)
        await self._lift_automatic_pause(incident)
        return DONE

    async def _reopen(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        await self._change(incident, self._entry(by, "reopened"), state="open")
        return DONE

    async def _pause(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        def reason(language: UiLanguage) -> LocalizedText:
            title = f"{incident.id} {incident.localized(language).title}"[:200]
            return LocalizedText(language=language, title=title)

        await self._context.pauses.save(
            Pause(
                id=_own_id(incident),
                scope="incident",
                value=incident.id,
                reason=f"{incident.id} {incident.title}"[:200],
                by=by,
                at=self._now(),
                wordings=in_each(reason),
            )
        )
        await self._change(incident, self._entry(by, "frozen"))
        return DONE

    async def _lift(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        await self._context.pauses.lift(_own_id(incident), by=by)
        await self._change(incident, self._entry(by, "lifted"))
        return DONE

    async def _mute(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        hours = next((n for n in MUTE_HOURS if str(n) == form.get("hours")), MUTE_HOURS[0])
        await self._context.store.alerts.mute(
            Mute(
                id=_own_id(incident),
                incident=incident.id,
                until=self._now() + timedelta(hours=hours),
                reason=incident.title[:200],
                by=by,
            )
        )
        await self._change(incident, self._entry(by, "silenced", f"{hours} h"))
        return DONE

    async def _unmute(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        await self._context.store.alerts.unmute(_own_id(incident), by=by)
        await self._change(incident, self._entry(by, "unsilenced"))
        return DONE

    async def _statement(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        text, version = clean(form.get("text", "")), form.get("version", "")
        if len(text) > MAX_REPLY:
            raise InputError("reply.too_long")
        if version != str(incident.version) and form.get("was", "") != incident.statement:
            raise Conflict("the holding statement was changed by a colleague")
        await self._change(incident, self._entry(by, "statement", text[:200]), statement=text)
        return "incident.statement_saved"

    async def _merge(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        into = clean(form.get("into", "")).upper()
        kept = await self._context.store.incidents.get(into) if into else None
        if self._context.regroups is None or kept is None or kept.id == incident.id:
            raise InputError("incident.no_other")
        try:
            await self._context.regroups.merge(kept.id, incident.id, by)
        except (KeyError, ValueError) as error:  # of another brand, or merged meanwhile
            raise InputError("incident.no_other") from error
        await self._publish(kept.id, incident.id)
        return "incident.merged"

    async def _split(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        seqs = [int(name[4:]) for name in form if name.startswith("seq-") and name[4:].isdecimal()]
        if self._context.regroups is None or not seqs:
            raise InputError("incident.none_chosen")
        try:
            made = await self._context.regroups.split(seqs[:_MAX_SPLIT], by)
        except KeyError as error:  # no longer in memory
            raise InputError("incident.none_chosen") from error
        await self._publish(made)
        return "incident.split"

    async def _change(self, incident: Incident, entry: TimelineEntry, **fields: str) -> Incident:
        """Store the fields and the entry on top of the stored version."""
        for _ in range(_ATTEMPTS):
            fresh = await self._context.store.incidents.get(incident.id)
            if fresh is None:
                break
            changed = replace(fresh, timeline=(*fresh.timeline, entry)[-MAX_ENTRIES:], **fields)  # type: ignore[arg-type]  # the callers name real fields
            try:
                stored = await self._context.store.incidents.save(changed)
            except Conflict:
                continue
            self._context.bus.publish(stored)
            return stored
        raise Conflict(f"{incident.id} was changed {_ATTEMPTS} times meanwhile")

    async def _acknowledge_alerts(self, incident: Incident, by: str) -> None:
        for alert in await self._alerts(incident):
            if alert.state == "firing":
                try:
                    taken = await self._context.store.alerts.acknowledge(alert.key, by=by)
                except Conflict:  # a colleague has acknowledged this one
                    continue
                self._context.bus.publish(taken)

    async def _resolve_alerts(self, incident: Incident) -> None:
        for found in await self._alerts(incident):
            alert: Alert | None = found
            for _ in range(_ATTEMPTS):
                if alert is None or alert.state == "resolved":
                    break
                over = replace(alert, state="resolved", resolved_at=self._now())
                try:
                    self._context.bus.publish(await self._context.store.alerts.save(over))
                    break
                except Conflict:
                    alert = await self._context.store.alerts.get(found.key)

    async def _lift_automatic_pause(self, incident: Incident) -> None:
        for pause in await self._context.pauses.all():
            if pause.by == "bot" and (pause.scope, pause.value) == ("incident", incident.id):
                await self._context.pauses.lift(pause.id, by="bot")

    async def _publish(self, *names: str) -> None:
        for name in names:
            incident = await self._context.store.incidents.get(name)
            if incident is not None:
                self._context.bus.publish(incident)

    async def _alerts(self, incident: Incident) -> list[Alert]:
        live = await self._context.store.alerts.live(limit=_MAX_ALERTS)
        return [alert for alert in live if alert.incident == incident.id]

    def _entry(self, by: str, what: str, detail: str = "") -> TimelineEntry:
        return TimelineEntry(at=self._now(), by=by, what=what, detail=detail)

    def _now(self) -> datetime:
        return self._context.clock.now()


def _own_id(incident: Incident) -> str:
    """Id of the pause and of the mute that staff lay on this incident."""
    return f"incident:{incident.id}"
