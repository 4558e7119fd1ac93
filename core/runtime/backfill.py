"""Takes in what was said before: it is understood and watched, and nobody is answered.

So it is known what is usual before something unusual is played.
"""

from dataclasses import replace
from typing import Final

from core.connector import Connector
from core.model.decisions import Action, Decision
from core.model.mentions import Mention
from core.model.outcomes import Plan
from core.runtime.bus import Bus
from core.runtime.pipeline import Pipeline, PipelineParts

_LET_BE: Final = Plan(decision=Decision(action=Action.IGNORE, rule="past", reason=""))


class LetBe:
    """A decider that does nothing about anything."""

    async def decide(self, mention: Mention) -> Plan:
        return _LET_BE


async def take_in(past: Connector, parts: PipelineParts) -> int:
    """Record and watch all that ``past`` has, telling nobody; returns how many events it had.

    Raises what ``past.pages`` and the store raise.
    """
    pipeline = Pipeline(replace(parts, decider=LetBe()), bus=Bus())
    taken = 0
    async for page in past.pages(None):
        await parts.events.accept(past.name, page)
        while worked := await pipeline.step():
            taken += worked
    return taken
