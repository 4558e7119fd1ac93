"""Shows on the command line what would be done with texts; keeps nothing."""

from collections.abc import Iterable

from cli.output import Trial, visible
from core.errors import InputError
from core.events import Event, Page
from core.pipeline import Pipeline
from core.repositories import Events


async def try_out(
    texts: Iterable[Event | InputError], *, events: Events, pipeline: Pipeline
) -> list[Trial]:
    """One Trial a text, in order, through the real pipeline over a store that is thrown away."""
    return [await _try(text, events, pipeline) for text in texts]


async def _try(event: Event | InputError, events: Events, pipeline: Pipeline) -> Trial:
    if isinstance(event, InputError):
        return Trial(text="", mention=None, plan=None, dropped=visible(str(event)))
    await events.accept("try", Page(events=(event,)))
    claimed = await events.claim(1)
    outcome = await pipeline.process(claimed[0]) if claimed else None
    if outcome is None:
        why = "withdrawn: a deletion" if claimed else "duplicate: the same event came before"
        return Trial(text=event.text, mention=None, plan=None, dropped=why)
    return Trial(
        text=event.text,
        mention=outcome.mention,
        plan=outcome.plan,
        dropped=outcome.dropped or "",
    )
