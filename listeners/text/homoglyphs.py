"""How names are disguised: letters that look alike, and characters that sound alike.

Every mapping is from character to character, so that places in a text stay where they are.
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

LATIN: Final = re.compile(r"[0-9a-z\u00c0-\u024f\u0370-\u052f]")
HAN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")

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
"""Where the characters begin that stand for syllables; nobody writes with them."""
_MAX_READINGS: Final = 3
_MAX_SPELLINGS: Final = 24


def unboxed(text: str) -> str:
    """Letters in boxes, circles and flags as letters; any text."""
    return _BOXED.sub(_unboxed, text)


def capital_i_as_l(text: str) -> str:
    """``WaImart`` written with a capital i is read as ``Walmart``."""
    return _CAPITAL_I.sub("l", text)


def symbols_as_letters(folded: str) -> str:
    """Signs between letters as the letters they stand for: ``hej!a``, ``m@rket``."""
    return _SYMBOL.sub(lambda found: _SYMBOL_LETTERS[found[0]], folded)


def visual_key(form: str) -> str:
    """A compact form with one character for all that look alike."""
    return form.translate(_visual_table())


def may_be_disguised(surface: str, form: str) -> bool:
    """True where ``surface``, which looks like the term ``form``, may be meant to be it.

    A plain letter is meant as what it is (``mail`` is not ``mall``), and so is a number.
    """
    return not surface.isdigit() and all(
        own == written or not ("a" <= written <= "z")
        for own, written in zip(form, surface, strict=True)
    )


def phonetic_key(form: str) -> str:
    """A compact form with one character for all that sound alike, tones aside."""
    return form.translate(_phonetic_table())


def phonetic_keys(form: str) -> tuple[str, ...]:
    """As ``phonetic_key``, in each of the readings that a term's characters have."""
    readings = [_character_keys(char) if HAN.match(char) else (char,) for char in form]
    return tuple("".join(way) for way in islice(product(*readings), _MAX_SPELLINGS))


def pinyin_spellings(form: str) -> tuple[str, ...]:
    """The pinyin spellings of a Chinese term, whole and mixed: ``hejia``, ``he家``, ``禾jia``."""
    if not all(HAN.match(char) for char in form):
        return ()
    letters = [_pinyin().get(char, ("",))[0] for char in form]
    if not all(letters):
        return ()
    whole = "".join(letters)
    mixed = ("".join(way) for way in product(*zip(form, letters, strict=True)))
    known = (whole, *islice(mixed, _MAX_SPELLINGS))
    # Who has no ü types v or u: lvyuan, luyuan.
    spellings = dict.fromkeys((*known, *(spelling.replace("v", "u") for spelling in known)))
    return tuple(spelling for spelling in spellings if spelling != form)


def syllable_boundaries(form: str) -> frozenset[int]:
    """After how many letters of a term's whole pinyin a syllable ends."""
    ends: list[int] = [0]
    for char in form:
        ends.append(ends[-1] + len(_pinyin()[char][0]))
    return frozenset(ends[1:-1])


def _unboxed(found: re.Match[str]) -> str:
    number = ord(found[0])
    for first in (0x1F1E6, 0x1F170, 0x1F150):
        if number >= first:
            return chr(ord("a") + number - first)
    # Normalising turns the Greek lunate sigma into another letter.
    return "c"


@cache
def _visual_table() -> dict[int, str]:
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
    # 巳 and the like lead on: a name may itself be read as another one.
    return {char: same.get(ord(name), name) for char, name in same.items()}


@cache
def _phonetic_table() -> dict[int, str]:
    codes = _syllable_codes()
    return {ord(char): codes[readings[0]] for char, readings in _pinyin().items()}


@cache
def _syllable_codes() -> dict[str, str]:
    syllables = sorted({one for readings in _pinyin().values() for one in readings})
    return {syllable: chr(_FIRST_SYLLABLE + number) for number, syllable in enumerate(syllables)}


def _character_keys(char: str) -> Iterable[str]:
    readings = _pinyin().get(char)
    return [_syllable_codes()[one] for one in readings[:_MAX_READINGS]] if readings else [char]


@cache
def _pinyin() -> dict[str, tuple[str, ...]]:
    """The readings of each character without tones, the usual one first.

    pypinyin's table is read as a file: importing the package takes 60 MB for its phrases.
    """
    spec = find_spec("pypinyin")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pypinyin is missing. Install the dependencies again.")
    path = Path(spec.origin).with_name("pinyin_dict.json")
    table: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return {
        chr(int(number)): tuple(dict.fromkeys(_toneless(one) for one in readings.split(",")))
        for number, readings in table.items()
        if HAN.match(chr(int(number)))
    }


def _toneless(syllable: str) -> str:
    letters = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(char for char in letters if "a" <= char <= "z")
