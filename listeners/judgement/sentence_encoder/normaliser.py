"""The spelling that the encoder's vocabulary knows: NFKC as sentencepiece's ``nmt_nfkc`` rules it.

The rules are a double-array trie from byte strings to their replacements (the *charsmap* of the
model file; the layout is that of darts-clone, Yata 2013). Nearly every text that comes here is in
NFKC already: one look at its characters shows it, and only its spaces are marked.
"""

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

SPACE: Final = "\u2581"
"""Stands for a space, and before the first word."""

_SPACE: Final = SPACE.encode()
_LABEL: Final = 0x800000FF
_LEAF: Final = 0x100
_VALUE: Final = 0x7FFFFFFF

Units = NDArray[np.uint32]


class Normaliser:
    """Normalises texts; safe to share."""

    def __init__(self, charsmap: bytes, changed: str) -> None:
        """``charsmap``: as in the model file; ``changed``: the result of ``changed_characters``."""
        self._charsmap = charsmap
        self._changed = frozenset(changed)
        self._size = 4 + int.from_bytes(charsmap[:4], "little")

    def __call__(self, text: str) -> str:
        """The normalised text; empty where nothing is left. Expects no lone surrogates."""
        if not self._changed.isdisjoint(text):
            return self._replaced(text)
        words = SPACE.join(filter(None, text.split(" ")))
        return (SPACE + words).rstrip(SPACE) if words else ""

    @cached_property
    def _units(self) -> list[int]:
        units: list[int] = units_of(self._charsmap).tolist()
        return units

    def _replaced(self, text: str) -> str:
        raw = text.encode()
        out = bytearray(_SPACE)
        after_space, place = True, 0
        while place < len(raw):
            piece, place = self._next(raw, place)
            if after_space:
                piece = piece.lstrip(b" ")
            if piece:
                out += piece.replace(b" ", _SPACE)
                after_space = piece.endswith(b" ")
        return out.decode().rstrip(SPACE)

    def _next(self, raw: bytes, start: int) -> tuple[bytes, int]:
        """The replacement of the longest rule that matches at ``start``, and where it ends."""
        units = self._units
        node, place = _offset(units[0]), start
        found: tuple[int, int] | None = None
        while place < len(raw):
            node ^= raw[place]
            unit = units[node]
            if unit & _LABEL != raw[place]:
                break
            node ^= _offset(unit)
            place += 1
            if unit & _LEAF:
                found = units[node] & _VALUE, place
        if found is not None:
            first = self._size + found[0]
            return self._charsmap[first : self._charsmap.index(b"\0", first)], found[1]
        end = start + 1
        while end < len(raw) and raw[end] & 0xC0 == 0x80:
            end += 1
        return raw[start:end], end


def units_of(charsmap: bytes) -> Units:
    """The units of the double array."""
    size = int.from_bytes(charsmap[:4], "little")
    return np.frombuffer(charsmap, "<u4", size // 4, 4)


def changed_characters(charsmap: bytes) -> str:
    """The characters that a text without any of them keeps as they are.

    Those with which a rule begins; for a rule that begins with an ASCII character and goes on,
    those with which it may go on, since words are full of the first.
    """
    units = units_of(charsmap)
    found: list[int] = []
    follow: set[int] = set()
    for code in range(0x80):
        unit, node = _step(units, np.array([code]), np.array([_offset(int(units[0]))]))
        if int(unit[0]) & _LABEL != code:
            continue
        later = np.arange(256)
        children, _ = _step(units, later, np.repeat(node, 256))
        ways = later[children & _LABEL == later].tolist()
        follow.update(ways)
        if int(unit[0]) & _LEAF or any(0 < way < 0x80 for way in ways):
            found.append(code)
    for size, first, last in ((2, 0x80, 0x7FF), (3, 0x800, 0xFFFF), (4, 0x10000, 0x10FFFF)):
        codes = np.arange(first, last + 1)
        codes = codes[(codes < 0xD800) | (codes > 0xDFFF)]
        lead = codes >> 6 * (size - 1) | (0xF00 >> size) & 0xFF
        unit, node = _step(units, lead, np.full(len(codes), _offset(int(units[0]))))
        begins = unit & _LABEL == lead
        for place in range(size - 2, -1, -1):
            byte = codes >> 6 * place & 0x3F | 0x80
            unit, node = _step(units, byte, node)
            begins &= unit & _LABEL == byte
        found += codes[begins | np.isin(lead, list(follow))].tolist()
    return "".join(map(chr, found))


def _offset(unit: int) -> int:
    return (unit >> 10) << ((unit & 0x200) >> 6)


def _step(
    units: Units, byte: NDArray[np.int64], node: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The units reached over bytes from nodes, and the nodes behind them."""
    place = np.minimum(node ^ byte, len(units) - 1)
    unit = units[place].astype(np.int64)
    return unit, place ^ ((unit >> 10) << ((unit & 0x200) >> 6))
