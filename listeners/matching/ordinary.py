"""Which pairs of Chinese characters are ordinary language, so that no disguise is seen in them.

``tables/ordinary_pairs.npz`` holds what ``benchmarks/train_ordinary.py`` counted: ``gaps`` between
the ascending numbers of the pairs, and ``often``, one bit a pair for those that are very common.
"""

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

FILE: Final = Path(__file__).with_name("ordinary_pairs.npz")
FIRST: Final = 0x4E00
COUNT: Final = 0x9FFF - FIRST + 1

NEVER: Final = 0
SOMETIMES: Final = 1
OFTEN: Final = 2


def pair_number(first: str, second: str) -> int | None:
    """The number of a pair; ``None`` where either is no common Chinese character."""
    one, two = ord(first) - FIRST, ord(second) - FIRST
    if 0 <= one < COUNT and 0 <= two < COUNT:
        return one * COUNT + two
    return None


def how_ordinary(pair: str) -> int:
    """``NEVER``, ``SOMETIMES`` or ``OFTEN`` seen; ``NEVER`` for anything but two characters."""
    number = pair_number(pair[0], pair[1]) if len(pair) == 2 else None
    if number is None:
        return NEVER
    numbers, often = _pairs()
    place = int(np.searchsorted(numbers, number))
    if place == len(numbers) or numbers[place] != number:
        return NEVER
    return OFTEN if often[place] else SOMETIMES


@cache
def _pairs() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
    with np.load(FILE) as data:
        numbers = np.cumsum(data["gaps"], dtype=np.uint32)
        often = np.unpackbits(data["often"], count=len(numbers)).astype(np.bool_)
    return numbers, often
