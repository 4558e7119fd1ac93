"""Watches what is spreading: the brand, the incident and the post lane, and the alerts they raise.

What one is told of is a case: a matter with an incident in the store, and one alert however often
it is heard of. The state follows from the mentions and the stored incidents, so ``rebuild`` comes
to the same ones. An alert that could not be raised is tried again with the next mention, so it is
raised at least once.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from core.alerts import Alert
from core.clock import Clock
from core.incidents import Incident, TimelineEntry
from core.localized import UiLanguage
from core.mentions import Mention
from listeners.judgement.embedding import Embedder
from listeners.spread import report, restoring, rulings
from listeners.spread.activity import heard, post_key
from listeners.spread.baseline import Loudness
from listeners.spread.bursts import Bursts
from listeners.spread.case import Case
from listeners.spread.cases import CaseBook
from listeners.spread.desk import Desk
from listeners.spread.event_time import EventTime
from listeners.spread.facts import alarming, known_facts, lately, worth_keeping
from listeners.spread.incidents import Grouper, name_patterns
from listeners.spread.ledger import BOT, Ledger, moment
from listeners.spread.ports import Raises, SpreadStore
from listeners.spread.post_lane import PostLane
from listeners.spread.semantic_merge import Afterthoughts
from listeners.spread.severity import Assessment, assess

_KEPT: Final = timedelta(hours=72)
_TIDY: Final = 60.0
"""How often what is quiet is looked for, in seconds of the posts."""


class SpreadWatch:
    """Takes recorded mentions in and raises alerts."""

    memory: Final = timedelta(days=14)
    """How far back ``rebuild`` wants to be told."""

    def __init__(
        self,
        raises: Raises,
        *,
        store: SpreadStore,
        clock: Clock,
        names: Mapping[str, str],
        terms: Mapping[str, Sequence[str]] | None = None,
        authors: int = 5,
        quiet: timedelta = timedelta(hours=6),
        language: UiLanguage = "zh",
        zone: tzinfo = UTC,
        changed: Callable[[Incident], None] = lambda _: None,
        embedder: Embedder | None = None,
    ) -> None:
        """``names``: what staff call each brand id; ``terms``: what it is called in posts.

        ``authors``: so many in an hour who say the same thing alarm. After ``quiet`` without a
        post a matter is over; it may come up again. ``changed`` is told of stored incidents.
        ``embedder``: says what posts mean, so that other words and languages are one matter.
        ``language``: of the receivers; ``zone``: in whose time staff read.
        """
        patterns = name_patterns(
            {brand: (name, *(terms or {}).get(brand, ())) for brand, name in names.items()}
        )
        self._raises = raises
        self._clock = clock
        self._names = dict(names)
        self._authors = authors
        self._quiet = quiet.total_seconds()
        self._staff = report.Staff(language=language, zone=zone)
        self._store = store
        self._time = EventTime()
        self._tidied = 0.0
        self._grouper = Grouper(quiet=_KEPT, by_words=False)
        self._book = CaseBook(patterns)
        self._later = Afterthoughts(embedder, clock=clock, book=self._book, unite=self._unite)
        self._loud: dict[str, Loudness] = {}
        self._bursts = Bursts(self._book, enough=authors)
        self._ledger = Ledger(
            store.incidents,
            clock=clock,
            describe=lambda case: report.incident(case, language),
            changed=changed,
            hand_over=raises.hand_over,
        )
        self._posts = PostLane(store.values)
        self._desk = Desk(raises, clock=clock, number=self._ledger.number)

    async def observe(self, mention: Mention) -> None:
        """As core.ports.Spread. Raises what ``raise_alert`` raises."""
        self._take(mention, {})
        await self._send()

    async def tend(self) -> int:
        """End what has been quiet for long enough, and write it down; returns how many ended.

        To be called now and then, since nothing is heard when nothing is said.
        """
        ended = self._end_quiet()
        await self._ledger.settle()
        return ended

    async def close(self) -> None:
        """Write down what is not stored yet. Raises StoreError where it cannot be."""
        await self._later.close()
        await self._ledger.settle()

    @property
    def by_meaning(self) -> bool:
        """True where posts are put together by what they mean, too, not by words alone."""
        return self._later.asks

    def incident_of(self, brand: str, mention: Mention) -> str | None:
        """The id of the incident that a mention belongs to, once there is one."""
        case = self._book.of_post(post_key(brand, mention))
        return case.record.id if case is not None and case.record is not None else None

    async def engaged(self, mention: Mention, polls: Sequence[tuple[datetime, int]]) -> None:
        """The post lane: forecast a mention's reach from its polled reposts, (time, count)."""
        found = await self._posts.reach(mention, polls)
        if found is None:
            return
        self._take(mention, {})
        for brand in mention.brands:
            group = self._grouper.incident_of(post_key(brand, mention))
            case = self._book.claim(brand, mention, group)
            if case is not None and (case.reach is None or found.final >= case.reach.final):
                case.reach = found
                self._look(case, at=mention.event.posted_at.timestamp() + found.observe)
        await self._send()

    async def rebuild(self, mentions: Iterable[Mention], alerts: Iterable[Alert] = ()) -> None:
        """Take in what was seen before the start: mentions of the last ``memory``.

        ``alerts``: those that were raised before. What still goes on and was not raised is raised.
        """
        cases = restoring.cases(await self._store.incidents.find(limit=restoring.MOST))
        for mention in sorted(mentions, key=lambda one: one.seq):
            self._take(mention, cases)
        for alert in alerts:
            case = cases.get(alert.incident or "")
            if case is None or alert.state == "resolved":
                continue
            self._desk.know(case, alert.severity)
            if case.record is not None and case.record.id != alert.incident:
                await self._ledger.absorb(case.record.id, alert.incident or "", by=BOT)
        now = self._now()
        for case in {id(case): case for case in (*cases.values(), *self._book)}.values():
            restoring.reconcile(case, quiet=self._quiet, now=now)
            if case.record is None and case.over:
                self._ledger.forget(case)
            elif case.notes:
                self._ledger.note(case)
        self._desk.drop_before(now - self._quiet)
        await self._send()

    async def merge(self, kept_id: str, gone_id: str, by: str) -> Incident:
        """Staff say that two incidents are one; returns the one that goes on.

        Raises KeyError for an incident that does not exist, ValueError for one and the same or
        for incidents of two brands.
        """
        await self._ledger.settle()
        merged = await rulings.merge(kept_id, gone_id, by, ledger=self._ledger, store=self._store)
        kept, gone = self._book.of_record(merged.id), self._book.of_record(gone_id)
        if gone is not None and kept is None:
            gone.record = merged
        elif gone is not None and kept is not None:
            kept.record, kept.ruled = merged, True
            self._book.merge(kept, gone)
            self._desk.merged(kept, gone)
            self._ledger.forget(gone)
        return merged

    async def split(self, seqs: Sequence[int], by: str) -> str:
        """Staff say that these mentions are an incident of their own; returns its id.

        Raises KeyError where none of the mentions is stored, or none belongs to an incident.
        """
        await self._ledger.settle()
        part = await rulings.part_of(seqs, store=self._store)
        case = rulings.own_case(part, by, at=self._clock.now(), grouper=self._grouper)
        keys = {post.key for post in case.activity.posts()}
        self._book.give_up(keys)
        self._book.add(case)
        self._ledger.note(case)
        await self._ledger.settle()
        made = await self._ledger.number(case)
        for source in part.sources:
            if (known := self._book.of_record(source)) is not None:
                known.ruled = True
            await self._ledger.change(source, rulings.smaller(case, made, by, self._clock.now()))
        return made

    async def _send(self) -> None:
        await self._desk.send()
        self._ledger.kick()
        self._later.kick(then=self._send)

    def _take(self, mention: Mention, cases: Mapping[str, Case]) -> None:
        event = mention.event
        clock, elapsed = self._clock.now().timestamp(), self._clock.monotonic()
        at = self._time.take(event.posted_at.timestamp(), clock=clock, elapsed=elapsed)
        if at is None or at < self._time.now - _KEPT.total_seconds():
            return
        stored = cases.get(mention.incident or "")
        for brand in mention.brands:
            post = heard(brand, mention, at)
            if self._grouper.incident_of(post.key) is not None:
                continue
            known = stored if stored is not None and stored.brand == brand else None
            group = self._grouper.add(
                post.key,
                event.text,
                moment(at),
                category=post.category,
                brand=brand,
                incident=known.key if known is not None and known.ruled else None,
            )
            case = self._book.take(brand, group, post, event.text, quiet=self._quiet, known=known)
            loud = self._loud.setdefault(brand, Loudness())
            if case is None or case.told is None:
                loud.add(at)
            if case is not None:
                self._later.note(case, post, event.text, mention.judgement.language)
                if case.is_settled(post):
                    self._ledger.note(case)
                else:
                    self._look(case)
            case = self._bursts.hear(brand, post, now=self._time.now, loud=loud)
            if case is not None:
                self._look(case)
        if not 0 <= self._time.now - self._tidied < _TIDY:
            self._end_quiet()

    def _look(self, case: Case, *, at: float = -math.inf) -> None:
        """Judge a case anew; ``at``: when more became known of it than its posts tell."""
        facts = known_facts(case, enough=self._authors)
        case.assessment, case.judged = assess(facts), case.activity.count
        severity = case.assessment.severity
        if case.over and case.activity.last >= self._time.now - self._quiet:
            case.over = False
            if case.record is not None:
                self._write(case, "reopened", severity)
        loud = self._loud[case.brand].times_usual(len(lately(case)))
        alarms = alarming(case, facts, loud=loud) and severity != "P4"
        kept = case.record is not None or alarms or worth_keeping(case)
        if case.told is None and not case.ruled and kept and (alarms or case.record is None):
            other = self._book.same_alarm(case)
            if other is not None:
                self._unite(other, case)
                return
        if alarms or case.told is not None:
            self._tell(case, case.assessment, max(at, case.activity.last))
        if kept or case.told is not None:
            self._ledger.note(case)

    def _unite(self, kept: Case, gone: Case) -> None:
        self._book.merge(kept, gone)
        self._desk.merged(kept, gone)
        self._ledger.merged(kept, gone)
        self._look(kept)

    def _tell(self, case: Case, assessed: Assessment, at: float) -> None:
        severity = assessed.severity
        if not self._desk.due(case, severity, at):
            return
        if case.told is None or severity < case.told:
            self._write(case, "severity", severity)
        name = self._names.get(case.brand, case.brand)
        self._desk.file(report.notice(case, assessed, self._staff, name=name, at=at))

    def _end_quiet(self) -> int:
        now, ended = self._now(), 0
        self._tidied = now
        self._book.forget(now - _KEPT.total_seconds(), slight=now - self._quiet)
        for case in self._book:
            if not case.over and case.activity.last < now - self._quiet:
                case.over, case.told = True, None
                ended += 1
                if case.record is not None:
                    self._write(case, "resolved", "")
                    self._ledger.note(case)
                    self._raises.end(case.record.id)
        return ended

    def _now(self) -> float:
        clock, elapsed = self._clock.now().timestamp(), self._clock.monotonic()
        return self._time.going_on(clock=clock, elapsed=elapsed)

    def _write(self, case: Case, what: str, detail: str) -> None:
        at = moment(max(case.activity.last, case.activity.first))
        case.notes.append(TimelineEntry(at=at, by=BOT, what=what, detail=detail))
