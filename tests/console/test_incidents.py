"""The crisis board and the page of an incident: what they know, and what staff do there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from console.pages.incidents.curve import growth_curve
from console.pages.incidents.overview import amplifiers_of, overview_of, summarise
from core.model.incidents import Incident
from core.model.mentions import MentionRecord
from tests.console.running import RunningConsole
from tests.console.seeds import (
    FIRST_AUTHOR,
    NOW,
    add_incident,
    add_incident_posts,
    add_mention,
    event,
)


def replace_at(one: MentionRecord, at: datetime) -> MentionRecord:
    event = replace(one.mention.event, posted_at=at)
    return replace(one, mention=replace(one.mention, event=event))


async def records_of(console: RunningConsole, incident: Incident) -> Sequence[MentionRecord]:
    return await console.store.incidents.mentions(incident.id)


class TestOverview:
    async def test_are_counted_from_the_posts(self, console: RunningConsole) -> None:
        incident = await add_incident(console.store)
        seqs = await add_incident_posts(console.store, incident)
        overview = overview_of(await records_of(console, incident), newest=2)
        assert overview.first is not None
        assert overview.first.mention.seq == seqs[0]
        assert [one.mention.seq for one in overview.newest] == seqs[:-3:-1]
        assert overview.languages == (("zh", 5), ("en", 1))
        assert overview.channels == (("weibo", 6),)
        assert overview.negative == pytest.approx(5 / 6)
        assert overview.an_hour == 6
        assert overview.tickets == ("T-1001",)

    async def test_of_no_posts_are_empty(self, console: RunningConsole) -> None:
        incident = await add_incident(console.store)
        overview = overview_of(())
        assert (overview.first, overview.newest, overview.amplifiers, overview.summary) == (
            None,
            (),
            (),
            (),
        )
        assert (overview.negative, overview.an_hour) == (0.0, 0)
        assert growth_curve(incident, (), NOW).times == ()

    async def test_reposted_authors_are_amplifiers(self, console: RunningConsole) -> None:
        incident = await add_incident(console.store)
        await add_incident_posts(console.store, incident)
        amplifiers = amplifiers_of([one.mention for one in await records_of(console, incident)])
        first = amplifiers[0]
        assert (first.author, first.posts, first.carried) == (FIRST_AUTHOR, 1, 2)
        assert [one.carried for one in amplifiers[1:]] == [0] * 5, "nobody carries themselves"

    async def test_the_curve_is_cumulative_and_ends_at_the_forecast(
        self, console: RunningConsole
    ) -> None:
        incident = await add_incident(console.store, mentions=6)
        await add_incident_posts(console.store, incident)
        posts = await records_of(console, incident)
        curve = growth_curve(incident, posts, NOW)
        assert curve.counts[0] == 1
        assert curve.counts[-1] == 6
        assert list(curve.counts) == sorted(curve.counts)
        assert curve.times[-1] == NOW
        assert (curve.ahead[0].at, curve.ahead[0].count) == (NOW, 6.0)
        assert curve.ahead[-1].at == NOW + timedelta(hours=3), "three times as long as it lasted"
        assert [one.hours for one in curve.horizons] == [1, 3, 6, 24, None]
        end = curve.horizons[-1]
        assert end.at == posts[0].mention.event.posted_at + timedelta(days=7)
        assert (end.count, end.low, end.high) == (120.0, 80.0, 200.0)
        for line in (curve.ahead, curve.horizons):
            assert all(one.low <= one.count <= one.high for one in line)
            assert [one.count for one in line] == sorted(one.count for one in line)
        gained = [one.count - 6 for one in curve.horizons]
        assert 0.1 < gained[0] / gained[-1] < 0.5, "much comes early: it is no straight line"
        more = growth_curve(replace(incident, mentions=9), posts, NOW)
        assert more.counts[-1] == 9, "what is not listed any more counts all the same"
        assert more.ahead[0].count == 9

    async def test_resolved_or_unforecast_incidents_have_no_forecast(
        self, console: RunningConsole
    ) -> None:
        incident = await add_incident(console.store, mentions=6)
        await add_incident_posts(console.store, incident)
        posts = await records_of(console, incident)
        of_one_post = replace(incident, forecast=9_000.0, forecast_of="reposts")
        over, unknown = replace(incident, state="resolved"), replace(incident, forecast=None)
        for one in (over, unknown, of_one_post):
            past = growth_curve(one, posts, NOW)
            assert past.counts[-1] == 6
            assert (past.ahead, past.horizons) == ((), ())
        late = growth_curve(incident, [*posts, replace_at(posts[-1], NOW + timedelta(days=8))], NOW)
        assert late.horizons == (), "the week is over"

    async def test_the_forecast_is_never_below_the_count(self, console: RunningConsole) -> None:
        incident = await add_incident(console.store, mentions=500)
        await add_incident_posts(console.store, incident)
        posts = await records_of(console, incident)
        bare = replace(incident, low=None, high=None)
        for one in (incident, bare):
            for point in growth_curve(one, posts, NOW).horizons:
                assert point.low == point.count == point.high == 500
        wide = replace(incident, mentions=6, low=None, high=None)
        assert {
            one.low == one.count == one.high for one in growth_curve(wide, posts, NOW).ahead
        } == {True}


class TestSummary:
    async def test_every_sentence_cites_posts_that_contain_it(
        self, console: RunningConsole
    ) -> None:
        incident = await add_incident(console.store)
        seqs = await add_incident_posts(console.store, incident, 20)
        mentions = [one.mention for one in await records_of(console, incident)]
        found = summarise(mentions)
        assert 2 <= len(found) <= 3
        texts = {one.seq: one.masked_text for one in mentions}
        for said in found:
            assert said.text in texts[said.posts[0]]
            assert set(said.posts) <= set(seqs)
            assert said.people >= 1
        assert "发霉" in found[0].text
        assert found[0].people >= 4

    async def test_of_hostile_text_is_bounded(self, console: RunningConsole) -> None:
        mentions = [
            await add_mention(console.store, event(str(n), text))
            for n, text in enumerate(("", "\x00\ud83d" * 3000, "。" * 5000, "a" * 100_000, "短"))
        ]
        assert summarise(mentions) == ()
