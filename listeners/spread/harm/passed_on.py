"""Tells what several people repeat: who has passed a text on, and whether it is a claim.

Forty people who repeat one unusual sentence about the brand are worth a look even if the judge sees
nothing wrong in it. So as soon as three people have written nearly the same, the text is read by a
model of its own (``claims.py``), once. If it is a claim, all who pass it on count as harmful, now
and later. How many they are tells nothing about that: jokes travel as fast. Advertising, lotteries
and praise take no share in a claim, denials little (``Weight.claim_share``).
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from listeners.spread.activity import BrandPost
from listeners.spread.harm.claims import claim_text

PEOPLE: Final = 3
"""Authors who make a text one that is passed on."""
CLAIM: Final = 0.6
"""A text is a claim from this probability on. Chosen on development cascades, so that a brand whose
name is in a harmless cascade every two days has one false call in three weeks by them."""
WEIGHT: Final = 0.8
"""Harm of a post that passes a claim on."""
_SHORTEST: Final = 8
"""Characters; shorter texts are the same by chance."""
_MOST: Final = 50_000
"""Groups that are remembered."""


@dataclass(kw_only=True, slots=True, eq=False)
class PassedOnText:
    """One group of copies."""

    id: str
    brand: str
    text: str = ""
    """The longest so far."""
    authors: set[str] = field(default_factory=set)
    keys: list[str] = field(default_factory=list)
    """BrandPost.key of the posts that came before the claim was known."""
    weight: float | None = None
    """Harm of passing it on; ``None`` until three people have."""


class PassedOnTexts:
    """The groups of copies of all brands, bounded in number."""

    def __init__(self) -> None:
        self._groups: OrderedDict[tuple[str, str], PassedOnText] = OrderedDict()
        self._due: deque[PassedOnText] = deque()

    def observe(self, brand: str, group: str, post: BrandPost, text: str) -> BrandPost:
        """Count a post of a group of copies; returns the post with the weight of the claim.

        ``text`` is the whole text.
        """
        found = self._groups.setdefault((brand, group), PassedOnText(id=group, brand=brand))
        self._groups.move_to_end((brand, group))
        if len(self._groups) > _MOST:
            self._groups.popitem(last=False)
        if found.weight is not None:
            return post.passing_on(found.weight)
        found.keys.append(post.key)
        if not post.claim_share:
            return post
        found.text = max(found.text, text, key=len)
        found.authors.add(post.author)
        if len(found.authors) == PEOPLE and found not in self._due:
            self._due.append(found)
        return post

    def due(self) -> PassedOnText | None:
        """The next text that is to be read."""
        return self._due[0] if self._due else None

    def settle(self, group: PassedOnText, claim: float) -> Callable[[BrandPost], BrandPost]:
        """Note the probability of a text that was due; returns how its earlier posts change.

        A text that is very short is no claim.
        """
        self._due.remove(group)
        long = len(claim_text(group.text, None)) >= _SHORTEST
        weight = WEIGHT if long and claim >= CLAIM else 0.0
        group.weight, keys = weight, frozenset(group.keys)
        group.keys.clear()
        group.authors.clear()
        return lambda post: post.passing_on(weight) if post.key in keys else post
