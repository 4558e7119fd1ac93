"""Obfuscated spellings: characters that look alike (homoglyphs) or sound alike (pinyin).

Every mapping is from character to character, so that positions in a text stay valid. The tables are
in ``homoglyphs.toml``; readings come from pypinyin.
"""

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from itertools import islice, product
from pathlib import Path
from typing import Final

from core.text import HAN

LATIN: Final = re.compile(r"[0-9a-z\u00c0-\u024f\u0370-\u052f]")

LOOKALIKES: Final = Path(__file__).with_name("homoglyphs.toml")
_CAPITAL_I: Final = re.compile(r"(?<=[a-z])I(?=[a-z])")
_BOXED: Final = re.compile(
    "[\u03f2\u03f9\U0001f150-\U0001f169\U0001f170-\U0001f189\U0001f1e6-\U0001f1ff]"
)
_SYMBOL: Final = re.compile(
    r"(?:(?<=[0-9a-z\u00e0-\u052f])(?<![@$€|!].)[@$€|!]|(?<!\S)\$)"
    r"(?=[0-9a-z\u00e0-\u052f](?![@$€|!][0-9a-z]))"
)
_SYMBOL_LETTERS: Final = {"@": "a", "$": "s", "€": "e", "|": "l", "!": "i"}
_FIRST_SYLLABLE: Final = 0xE000
"""First of the private-use characters that stand for syllables in phonetic keys."""
# A character that a table lacks costs ``str.translate`` an exception.
_ITSELF: Final[dict[int, str | int]] = {code: code for code in range(0x80)}
_HAN_ITSELF: Final[dict[int, str | int]] = {code: code for code in range(0x4E00, 0xA000)}
_MAX_READINGS: Final = 3
_MAX_SPELLINGS: Final = 24


def unboxed(text: str) -> str:
    """Boxed, circled and flag letters as plain letters."""
    return _BOXED.sub(_unboxed, text)


def capital_i_as_l(text: str) -> str:
    """A capital I between small letters as an l: ``WaImart`` is ``Walmart``."""
    return _CAPITAL_I.sub("l", text) if "I" in text else text


def symbols_as_letters(folded: str) -> str:
    """Symbols between letters as the letters they stand for: ``hej!a``, ``m@rket``."""
    if not any(map(folded.__contains__, _SYMBOL_LETTERS)):
        return folded
    return _SYMBOL.sub(lambda found: _SYMBOL_LETTERS[found[0]], folded)


def visual_key(form: str) -> str:
    """A compact form with each group of look-alike characters mapped to one of them."""
    return form.translate(_visual_table())


def may_be_obfuscated(surface: str, form: str) -> bool:
    """True where ``surface``, whose visual key is that of ``form``, can be an obfuscation of it.

    A plain Latin letter stands for itself (``mail`` is not ``mall``), and so does a number.
    """
    return not surface.isdigit() and all(
        own == written or not ("a" <= written <= "z")
        for own, written in zip(form, surface, strict=True)
    )


def phonetic_key(form: str) -> str:
    """A compact form with each Chinese character mapped to its usual syllable, without tone."""
    return form.translate(_phonetic_table())


def phonetic_keys(form: str) -> tuple[str, ...]:
    """The phonetic keys of a term, one for each combination of its characters' readings."""
    readings = [_character_keys(char) if HAN.match(char) else (char,) for char in form]
    return tuple("".join(way) for way in islice(product(*readings), _MAX_SPELLINGS))


def pinyin_spellings(form: str) -> tuple[str, ...]:
    """Spellings of a Chinese term in pinyin, whole or in part: ``hejia``, ``he家``, ``禾jia``."""
    if not all(HAN.match(char) for char in form):
        return ()
    letters = [next(iter(_readings(char)), "") for char in form]
    if not all(letters):
        return ()
    whole = "".join(letters)
    mixed = ("".join(way) for way in product(*zip(form, letters, strict=True)))
    known = (whole, *islice(mixed, _MAX_SPELLINGS))
    # Without a key for ü, v or u is typed: lvyuan, luyuan.
    spellings = dict.fromkeys((*known, *(spelling.replace("v", "u") for spelling in known)))
    return tuple(spelling for spelling in spellings if spelling != form)


def syllable_boundaries(form: str) -> frozenset[int]:
    """Offsets into a term's whole pinyin at which a syllable ends."""
    ends: list[int] = [0]
    for char in form:
        ends.append(ends[-1] + len(_readings(char)[0]))
    return frozenset(ends[1:-1])


def _unboxed(found: re.Match[str]) -> str:
    number = ord(found[0])
    for first in (0x1F1E6, 0x1F170, 0x1F150):
        if number >= first:
            return chr(ord("a") + number - first)
    # NFKC turns the Greek lunate sigma into another letter.
    return "c"


@cache
def _visual_table() -> dict[int, str | int]:
    tables = tomllib.loads(LOOKALIKES.read_text(encoding="utf-8"))
    same: dict[int, str] = {}
    for name, chars in tables["latin"].items():
        same |= {ord(char): name for char in chars}
    for name, *others in tables["han"]["alike"]:
        same |= {ord(char): name for char in others}
    for number in (*range(0xC0, 0x250), *range(0x370, 0x530), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(number))[0]
        if base != chr(number) and ("a" <= base <= "z" or ord(base) in same):
            same[number] = same.get(ord(base), base)
    # Chains such as 巳 are followed: the target may itself be an alias of another one.
    return _ITSELF | _HAN_ITSELF | {char: same.get(ord(name), name) for char, name in same.items()}


class _PhoneticTable(dict[int, str | int]):
    """Characters by code as their usual syllables, each computed when it first occurs."""

    def __missing__(self, code: int) -> str | int:
        char = chr(code)
        if not HAN.match(char):
            raise LookupError(code)
        readings = _readings(char)
        self[code] = _syllable_codes()[readings[0]] if readings else code
        return self[code]


@cache
def _phonetic_table() -> dict[int, str | int]:
    return _PhoneticTable(_ITSELF)


@cache
def _syllable_codes() -> dict[str, str]:
    """A private-use character for each syllable of any character."""
    spoken = set(",".join(_pinyin().values()).split(","))
    syllables = sorted(set(map(_toneless, spoken)))
    return {syllable: chr(_FIRST_SYLLABLE + number) for number, syllable in enumerate(syllables)}


def _character_keys(char: str) -> Iterable[str]:
    return [_syllable_codes()[one] for one in _readings(char)[:_MAX_READINGS]] or [char]


def _readings(char: str) -> tuple[str, ...]:
    """The toneless readings of a character, the usual one first; none for an unknown one."""
    listed = _pinyin().get(str(ord(char)))
    return tuple(dict.fromkeys(map(_toneless, listed.split(",")))) if listed else ()


@cache
def _pinyin() -> dict[str, str]:
    """The readings of each character, by its code.

    Reads pypinyin's table as a file, because importing the package loads 60 MB of phrases. Most
    processes ask for the characters of a few brands: the others are left as they stand.
    """
    spec = find_spec("pypinyin")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pypinyin is missing. Install the dependencies again.")
    path = Path(spec.origin).with_name("pinyin_dict.json")
    table: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return table


@cache
def _toneless(syllable: str) -> str:
    letters = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(char for char in letters if "a" <= char <= "z")
