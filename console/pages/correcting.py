"""What staff may say that a mention really is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, get_args

from core import taxonomy
from core.mentions import Correction
from core.taxonomy import Sentiment

CATEGORIES: Final = taxonomy.CATEGORIES
"""The categories of the judge, in the order in which staff choose."""

_COMPLAINT: Final = {"": None, "yes": True, "no": False}


def read_correction(
    form: Mapping[str, str], *, mention: int, by: str, at: datetime
) -> Correction | None:
    """``None`` for a form that is not ours; a field that is empty says that the judge is right."""
    sentiment, category = form.get("sentiment", ""), form.get("category", "")
    complaint = form.get("complaint", "")
    if sentiment and sentiment not in get_args(Sentiment):
        return None
    if (category and category not in CATEGORIES) or complaint not in _COMPLAINT:
        return None
    return Correction(
        mention=mention,
        sentiment=next((one for one in get_args(Sentiment) if one == sentiment), None),
        complaint=_COMPLAINT[complaint],
        category=category or None,
        by=by,
        at=at,
    )
