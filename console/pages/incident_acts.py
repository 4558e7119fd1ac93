"""What staff do about an incident; each leaves a line in its timeline."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from starlette.exceptions import HTTPException

from console.desk import Desk
from console.forms import LONGEST_REPLY, clean
from core.alerts import Alert, Mute
from core.errors import Conflict, InputError
from core.incidents import Incident, TimelineEntry
from core.localized import LocalizedText, UiLanguage, in_each
from core.pauses import Pause

SILENT_HOURS: Final = (1, 4, 24)
MOST_NOTES: Final = 200
_TRIES: Final = 5
_ALERTS: Final = 1000
_MOST_SPLIT: Final = 200


class IncidentActs:
    """Carries out what a form asks for; an InputError holds the name of a message."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def do(self, incident: Incident, form: Mapping[str, str], *, by: str) -> str:
        """``do`` names it; returns the name of what to tell. Raises Conflict and InputError."""
        match form.get("do"):
            case "own":
                await self._change(
                    incident, TimelineEntry(at=self._now(), by=by, what="owned"), owner=by
                )
                await self._acknowledge(incident, by)
            case "acknowledge":
                await self._acknowledge(incident, by)
                await self._change(
                    incident, TimelineEntry(at=self._now(), by=by, what="acknowledged")
                )
            case "statement":
                return await self._statement(incident, form, by)
            case "resolve":
                note = TimelineEntry(at=self._now(), by=by, what="resolved")
                await self._change(incident, note, state="resolved")
                await self._resolve_alerts(incident)
                await self._lift(incident)
            case "reopen":
                note = TimelineEntry(at=self._now(), by=by, what="reopened")
                await self._change(incident, note, state="open")
            case "freeze" | "lift" as what:
                await self._pause(incident, by, frozen=what == "freeze")
            case "silence" | "unsilence" as what:
                await self._silence(incident, form, by, silent=what == "silence")
            case "merge":
                await self._merge(incident, form, by)
                return "incident.merged"
            case "split":
                await self._split(form, by)
                return "incident.split"
            case _:
                raise HTTPException(400, detail="not_a_form")
        return "incident.done"

    async def _statement(self, incident: Incident, form: Mapping[str, str], by: str) -> str:
        text, version = clean(form.get("text", "")), form.get("version", "")
        if len(text) > LONGEST_REPLY:
            raise InputError("reply.too_long")
        if version != str(incident.version) and form.get("was", "") != incident.statement:
            raise Conflict("a colleague has changed the statement")
        note = TimelineEntry(at=self._now(), by=by, what="statement", detail=text[:200])
        await self._change(incident, note, statement=text)
        return "incident.statement_saved"

    async def _change(self, incident: Incident, note: TimelineEntry, **fields: str) -> Incident:
        """Store the fields and the note on what is stored now."""
        for _ in range(_TRIES):
            fresh = await self._desk.store.incidents.get(incident.id)
            if fresh is None:
                break
            changed = replace(fresh, timeline=(*fresh.timeline, note)[-MOST_NOTES:], **fields)  # type: ignore[arg-type]  # the callers name real fields
            try:
                stored = await self._desk.store.incidents.save(changed)
            except Conflict:
                continue
            self._desk.bus.publish(stored)
            return stored
        raise Conflict(f"{incident.id} is changed again and again")

    async def _acknowledge(self, incident: Incident, by: str) -> None:
        for alert in await self._alerts(incident):
            if alert.state == "firing":
                try:
                    taken = await self._desk.store.alerts.acknowledge(alert.key, by=by)
                except Conflict:  # a colleague has taken this one
                    continue
                self._desk.bus.publish(taken)

    async def _resolve_alerts(self, incident: Incident) -> None:
        for found in await self._alerts(incident):
            alert: Alert | None = found
            for _ in range(_TRIES):
                if alert is None or alert.state == "resolved":
                    break
                over = replace(alert, state="resolved", resolved_at=self._now())
                try:
                    self._desk.bus.publish(await self._desk.store.alerts.save(over))
                    break
                except Conflict:
                    alert = await self._desk.store.alerts.get(found.key)

    async def _lift(self, incident: Incident) -> None:
        for pause in await self._desk.pauses.all():
            if pause.by == "bot" and (pause.scope, pause.value) == ("incident", incident.id):
                await self._desk.pauses.lift(pause.id, by="bot")

    async def _pause(self, incident: Incident, by: str, *, frozen: bool) -> None:
        name = f"incident:{incident.id}"
        if frozen:

            def why(tongue: UiLanguage) -> LocalizedText:
                title = f"{incident.id} {incident.told(tongue).title}"[:200]
                return LocalizedText(language=tongue, title=title)

            await self._desk.pauses.save(
                Pause(
                    id=name,
                    scope="incident",
                    value=incident.id,
                    reason=f"{incident.id} {incident.title}"[:200],
                    by=by,
                    at=self._now(),
                    wordings=in_each(why),
                )
            )
        else:
            await self._desk.pauses.lift(name, by=by)
        what = "frozen" if frozen else "lifted"
        await self._change(incident, TimelineEntry(at=self._now(), by=by, what=what))

    async def _silence(
        self, incident: Incident, form: Mapping[str, str], by: str, *, silent: bool
    ) -> None:
        name = f"incident:{incident.id}"
        if not silent:
            await self._desk.store.alerts.unmute(name, by=by)
            await self._change(incident, TimelineEntry(at=self._now(), by=by, what="unsilenced"))
            return
        hours = next((n for n in SILENT_HOURS if str(n) == form.get("hours")), SILENT_HOURS[0])
        await self._desk.store.alerts.mute(
            Mute(
                id=name,
                incident=incident.id,
                until=self._now() + timedelta(hours=hours),
                reason=incident.title[:200],
                by=by,
            )
        )
        note = TimelineEntry(at=self._now(), by=by, what="silenced", detail=f"{hours} h")
        await self._change(incident, note)

    async def _merge(self, incident: Incident, form: Mapping[str, str], by: str) -> None:
        into = clean(form.get("into", "")).upper()
        kept = await self._desk.store.incidents.get(into) if into else None
        if self._desk.regroups is None or kept is None or kept.id == incident.id:
            raise InputError("incident.no_other")
        try:
            await self._desk.regroups.merge(kept.id, incident.id, by)
        except (KeyError, ValueError) as error:  # of another brand, or merged meanwhile
            raise InputError("incident.no_other") from error
        await self._tell(kept.id, incident.id)

    async def _split(self, form: Mapping[str, str], by: str) -> None:
        seqs = [int(name[4:]) for name in form if name.startswith("seq-") and name[4:].isdecimal()]
        if self._desk.regroups is None or not seqs:
            raise InputError("incident.none_chosen")
        try:
            made = await self._desk.regroups.split(seqs[:_MOST_SPLIT], by)
        except KeyError as error:  # they are too old to be told apart any more
            raise InputError("incident.none_chosen") from error
        await self._tell(made)

    async def _tell(self, *names: str) -> None:
        for name in names:
            incident = await self._desk.store.incidents.get(name)
            if incident is not None:
                self._desk.bus.publish(incident)

    async def _alerts(self, incident: Incident) -> list[Alert]:
        live = await self._desk.store.alerts.live(limit=_ALERTS)
        return [alert for alert in live if alert.incident == incident.id]

    def _now(self) -> datetime:
        return self._desk.clock.now()
