"""Which posts show best what a matter is about, for the evidence of an alert."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from listeners.spread.activity import Heard
from listeners.spread.relevance import words_of

_LOOKED_AT: Final = 300
"""Latest different texts."""
_SAID_AGAIN: Final = 0.6
"""Of the words of a text; so much in one that is shown already says nothing new."""


def typical(posts: Sequence[Heard], most: int) -> list[Heard]:
    """Up to ``most`` posts that say different things, those first whose words most others share.

    Bad posts come before others, and of two that are alike the later one. What is said of the
    matter by chance shares few words with the rest, so it stands last.
    """
    texts = {" ".join(post.text.split()): post for post in posts if post.text.strip()}
    latest = list(reversed(texts.values()))[:_LOOKED_AT]
    words = {post.key: words_of(post.text, None) for post in latest}
    shared = Counter(word for one in words.values() for word in one)

    def tells(post: Heard) -> tuple[bool, float]:
        said = words[post.key]
        others = sum(shared[word] - 1 for word in said)
        return post.bad, others / math.sqrt(max(1, len(said)))

    found: list[Heard] = []
    for post in sorted(latest, key=tells, reverse=True):
        said = words[post.key]
        again = max((len(said & words[one.key]) for one in found), default=0)
        if again <= _SAID_AGAIN * len(said) and (said or not found):
            found.append(post)
        if len(found) == most:
            break
    return found
