"""Counts work instead of watching time: the same on every machine, however busy it is.

``calls`` counts calls of functions. The regular expressions of ``re`` run in C, where no call is
seen; ``make_countable`` replaces the patterns of a module by a backtracking matcher in Python,
which makes a call for each item of the pattern at each place where it is tried.
"""

import importlib
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import FrameType, ModuleType
from typing import Any, Final, Literal

import pytest

PARSER: Final = importlib.import_module("re._parser")
_CATEGORIES: Final[dict[str, Callable[[str], bool]]] = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda char: char.isalnum() or char == "_",
}
_ONE_CHARACTER: Final = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN"})

Item = tuple[Any, Any]
"""Opcode and argument, as ``re`` parses them."""

MOST: Final = 20_000_000


class TooMuchWork(AssertionError):
    """The work does not end in a reasonable number of steps."""


@dataclass
class Calls:
    """Calls of functions, those of built-in ones included."""

    count: int = 0

    def see(self, _frame: FrameType, event: str, _argument: object) -> None:
        """A profile function, as ``sys.setprofile`` takes it."""
        self.count += event in {"call", "c_call"}
        if self.count > MOST:
            raise TooMuchWork(f"more than {MOST} calls")


@contextmanager
def counted_calls() -> Iterator[Calls]:
    """Count the calls that this thread makes.

    Raises TooMuchWork after ``MOST`` of them, as where a pattern takes exponential time.
    """
    made, before = Calls(), sys.getprofile()
    sys.setprofile(made.see)
    try:
        yield made
    finally:
        sys.setprofile(before)


def calls(act: Callable[[], object]) -> int:
    """The number of calls while ``act`` runs."""
    with counted_calls() as made:
        act()
    return made.count


def growth(act: Callable[[int], object], size: int) -> float:
    """The work of the third ``size`` as a multiple of that of the second; 1 where it is linear.

    ``act`` does the work for a size; it is called once before, to fill the caches.
    """
    act(size)
    once, twice, thrice = (calls(partial(act, times * size)) for times in (1, 2, 3))
    return (thrice - twice) / (twice - once)


def make_countable(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Let ``calls`` see the steps of the patterns at the top of ``modules``."""
    for module in modules:
        for name, value in list(vars(module).items()):
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, CountablePattern(value))


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """``unicodedata.normalize``, with the calls that its sorting of combining marks takes.

    CPython sorts each run of marks by insertion, in quadratic time.
    """
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        for _ in range(marks):
            abs(0)
    return unicodedata.normalize(form, text)


class CountablePattern:
    """A compiled pattern: the results of ``re``, and its steps as calls."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._items = list(PARSER.parse(pattern.pattern, pattern.flags))
        self._any_case = bool(pattern.flags & re.IGNORECASE)
        self._text = ""
        self._end = 0

    def match(self, text: str, *span: int) -> re.Match[str] | None:
        next(self._ends_from(text, *span), None)
        return self._pattern.match(text, *span)

    def fullmatch(self, text: str, *span: int) -> re.Match[str] | None:
        any(end == self._end for end in self._ends_from(text, *span))
        return self._pattern.fullmatch(text, *span)

    def search(self, text: str, *span: int) -> re.Match[str] | None:
        self._scan(text, *span, once=True)
        return self._pattern.search(text, *span)

    def finditer(self, text: str, *span: int) -> Iterator[re.Match[str]]:
        self._scan(text, *span)
        return self._pattern.finditer(text, *span)

    def findall(self, text: str, *span: int) -> list[Any]:
        self._scan(text, *span)
        return self._pattern.findall(text, *span)

    def split(self, text: str, maxsplit: int = 0) -> list[Any]:
        self._scan(text)
        return self._pattern.split(text, maxsplit)

    def sub(self, put: str | Callable[[re.Match[str]], str], text: str, count: int = 0) -> str:
        self._scan(text)
        return self._pattern.sub(put, text, count)

    def _scan(
        self, text: str, start: int = 0, end: int = sys.maxsize, *, once: bool = False
    ) -> None:
        while start <= min(end, len(text)):
            found = next(self._ends_from(text, start, end), None)
            if found is not None and once:
                return
            start = start + 1 if found is None else max(found, start + 1)

    def _ends_from(self, text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[int]:
        """Ends of the matches from ``start``, in the order in which they are tried."""
        self._text, self._end = text, min(end, len(text))
        return self._sequence(self._items, start)

    def _sequence(self, items: Sequence[Item], at: int) -> Iterator[int]:
        if not items:
            yield at
            return
        for end in self._item(items[0], at):
            yield from self._sequence(items[1:], end)

    def _item(self, item: Item, at: int) -> Iterator[int]:
        code, argument = str(item[0]), item[1]
        if code in _ONE_CHARACTER:
            if self._holds(item, at):
                yield at + 1
        elif code == "BRANCH":
            for alternative in argument[1]:
                yield from self._sequence(list(alternative), at)
        elif code == "SUBPATTERN" and not argument[1] and not argument[2]:
            yield from self._sequence(list(argument[3]), at)
        elif code == "AT":
            if self._is_at(str(argument), at):
                yield at
        elif code in {"ASSERT", "ASSERT_NOT"}:
            direction, inner = argument
            start = at if direction > 0 else at - inner.getwidth()[0]
            found = start >= 0 and next(self._sequence(list(inner), start), None) is not None
            if found == (code == "ASSERT"):
                yield at
        elif code in {"MAX_REPEAT", "MIN_REPEAT"}:
            least, most, inner = argument
            yield from self._repeat(list(inner), at, least, most, lazy=code == "MIN_REPEAT")
        else:
            raise NotImplementedError(code)

    def _repeat(
        self, inner: list[Item], at: int, least: int, most: int, *, lazy: bool
    ) -> Iterator[int]:
        if len(inner) == 1 and str(inner[0][0]) in _ONE_CHARACTER:
            yield from self._run(inner[0], at, least, most, lazy=lazy)
            return
        if lazy and least <= 0:
            yield at
        begun = [(at, self._sequence(inner, at))]
        while begun:
            start, ends = begun[-1]
            end = next(ends, None) if len(begun) <= int(most) else None
            if end is None:
                begun.pop()
                if not lazy and len(begun) >= least:
                    yield start
            elif end > start:
                if lazy and len(begun) >= least:
                    yield end
                begun.append((end, self._sequence(inner, end)))

    def _run(self, item: Item, at: int, least: int, most: int, *, lazy: bool) -> Iterator[int]:
        """A repeated class of characters, without a level of recursion for each character."""
        if lazy:
            for count in range(int(most) + 1):
                if count >= least:
                    yield at + count
                if not self._holds(item, at + count):
                    break
            return
        end = at
        while end - at < int(most) and self._holds(item, end):
            end += 1
        yield from range(end, at + least - 1, -1)

    def _holds(self, item: Item, at: int) -> bool:
        if at >= self._end:
            return False
        char = self._text[at]
        spellings = {char, char.lower(), char.upper()} if self._any_case else {char}
        return any(_is_member(item, each) for each in spellings if len(each) == 1)

    def _is_at(self, where: str, at: int) -> bool:
        if where in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
            return at == 0
        if where == "AT_END":
            return at == self._end or (at == self._end - 1 and self._text[at] == "\n")
        if where in {"AT_BOUNDARY", "AT_NON_BOUNDARY"}:
            is_word = _CATEGORIES["CATEGORY_WORD"]
            before = at > 0 and is_word(self._text[at - 1])
            after = at < self._end and is_word(self._text[at])
            return (before != after) == (where == "AT_BOUNDARY")
        raise NotImplementedError(where)


def _is_member(item: Item, char: str) -> bool:
    code, argument = str(item[0]), item[1]
    found: bool
    match code:
        case "LITERAL" | "NOT_LITERAL":
            found = (ord(char) == argument) == (code == "LITERAL")
        case "ANY":
            found = char != "\n"
        case "RANGE":
            found = ord(char) in range(argument[0], argument[1] + 1)
        case "CATEGORY":
            name = str(argument)
            is_in = _CATEGORIES[name.replace("_NOT_", "_")]
            found = is_in(char) == ("_NOT_" not in name)
        case _:
            negated = str(argument[0][0]) == "NEGATE"
            found = any(_is_member(each, char) for each in argument[negated:]) != negated
    return found
