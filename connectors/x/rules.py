"""Makes the stream's rules on the platform equal to ours.

Source: https://docs.x.com/x-api/posts/filtered-stream/introduction
"""

from collections.abc import Sequence
from typing import Final

from connectors.json_fields import Object
from connectors.x.client import XApi
from connectors.x.errors import one_line
from core.errors import Refused

TAG: Final = "tingfeng"
_BATCH: Final = 100


async def sync_rules(api: XApi, wanted: Sequence[str]) -> tuple[int, int]:
    """Remove what is not wanted, add what is missing; returns how many of each.

    Raises ApiError, and Refused for a rule that X does not take.
    """
    have: set[str] = set()
    stale: list[str] = []
    for rule in await api.rules():
        value, number = rule.get("value"), rule.get("id")
        if isinstance(value, str) and value in wanted and value not in have:
            have.add(value)
        elif isinstance(number, str):
            stale.append(number)
    missing = [value for value in dict.fromkeys(wanted) if value not in have]
    for start in range(0, len(stale), _BATCH):
        await api.delete_rules(stale[start : start + _BATCH])
    for start in range(0, len(missing), _BATCH):
        added = [(value, TAG) for value in missing[start : start + _BATCH]]
        for error in await api.add_rules(added):
            if "duplicate" not in str(error.get("title", "")).lower():
                raise _refused(error)
    return len(stale), len(missing)


def _refused(error: Object) -> Refused:
    details = error.get("details")
    why = "; ".join(map(str, details)) if isinstance(details, list) else str(error.get("title", ""))
    return Refused(
        f"X does not take the rule {one_line(str(error.get('value', '')))!r}: {one_line(why)}",
        remedy="Correct it in the channel's rules; docs/reference/channels/x.md explains them.",
    )
