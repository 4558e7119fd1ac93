"""Earlier posts are judged and stored, and none is answered."""

from collections.abc import AsyncIterator

from core.model.decisions import Action
from core.model.events import Page
from core.runtime.pipeline import take_in
from tests.builders import event
from tests.core.test_pipeline import PipelineRig


class Past:
    """Three pages of a feed; the last one is about nothing."""

    name = "past"

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        assert cursor is None
        yield Page(events=tuple(event(str(n), text=f"禾家的面包 {n}") for n in range(300)))
        yield Page(events=(event("late", text="禾家的牛奶"), event("spam", text="禾家 广告")))
        yield Page(events=(event("none", text="今天天气不错"),))

    async def close(self) -> None:
        """Nothing to give back."""


async def test_it_is_recorded_and_watched_and_nobody_is_answered() -> None:
    rig = PipelineRig()
    assert await take_in(Past(), rig.parts) == 303
    counts = await rig.inbox.counts()
    assert (counts.pending, counts.dead) == (0, 0)
    plans = [one.plan for one in rig.inbox.outcomes if one.plan is not None]
    assert len(plans) == 301
    assert {plan.decision.action for plan in plans} == {Action.IGNORE}
    assert all(plan.ticket is None and plan.replies == () for plan in plans)
    assert len(rig.spread.seen) == len(plans)
