"""The language of brand terms: plain words, or ``"禾家" AND (面包 OR 蛋糕) NOT 招聘``.

A term is an expression where it has an operator in capitals (AND, OR, NOT, NEAR/5), is quoted, or
is a regular expression between slashes. Anything else is a name, spaces and all.

    expression = all { OR all }
    all        = part { [AND] part | AND NOT part | NOT part }
    part       = atom [ NEAR/n atom ]         at most n characters or words between the two
    atom       = ( expression ) | "phrase" | words | /regular expression/
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import regex  # type: ignore[import-untyped]  # the library ships no types

log = logging.getLogger(__name__)

TIME_LIMIT: Final = 0.02
"""Seconds that one regular expression may take on one text."""
SEARCHED_LENGTH: Final = 10_000
"""Characters of a text that regular expressions search."""

_OPERATOR: Final = re.compile(r"(?:^|[\s)\"])(?:AND|OR|NOT|NEAR/\d+)(?=[\s(\"/]|$)")
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|\"(?P<phrase>[^\"]*)\"|/(?P<regex>(?:\\.|[^/\\])+)/"
    r"|(?P<operator>(?:AND|OR|NOT|NEAR/\d+)(?=[\s()\"/]|$))|(?P<word>[^\s()\"]+))"
)
_MAX_DEPTH: Final = 20


class ExpressionError(ValueError):
    """An expression is malformed; the message names the position and the reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """A word or phrase, found by ``TermIndex``."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Regex:
    """A regular expression, searched in the readable text without regard to case."""

    pattern: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """Both sides, in either order, at most ``distance`` characters or words apart."""

    left: "Expression"
    right: "Expression"
    distance: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AllOf:
    """All of ``wanted`` and none of ``unwanted``."""

    wanted: tuple["Expression", ...]
    unwanted: tuple["Expression", ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AnyOf:
    """At least one of several expressions."""

    of: tuple["Expression", ...]


Expression = Phrase | Regex | Near | AllOf | AnyOf


def parse(text: str) -> Expression:
    """Parse a term; raises ExpressionError."""
    whole = text.strip()
    quoted = len(whole) > 1 and whole[0] == whole[-1] == '"'
    slashed = len(whole) > 2 and whole[0] == whole[-1] == "/"
    if not (quoted or slashed or _OPERATOR.search(whole)):
        return Phrase(text=whole)
    reader = _Parser(whole)
    found = reader.either(0)
    if reader.kind is not None:
        raise ExpressionError(f"{reader.where()}: expected AND, OR or NOT")
    return found


class _Parser:
    """Recursive descent; ``kind`` and ``value`` describe the next token."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._start = 0
        self.kind: str | None = None
        self.value = ""
        self._step()

    def where(self) -> str:
        return f"at character {self._start + 1}"

    def either(self, depth: int) -> Expression:
        if depth > _MAX_DEPTH:
            raise ExpressionError(f"{self.where()}: brackets nested over {_MAX_DEPTH} deep")
        parts = [self._all(depth)]
        while self._takes("OR"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else AnyOf(of=tuple(parts))

    def _all(self, depth: int) -> Expression:
        wanted: list[Expression] = []
        unwanted: list[Expression] = []
        while True:
            into = unwanted if self._takes("NOT") else wanted
            into.append(self._near(depth))
            also = self._takes("AND")
            if not also and (self.kind in {None, "close"} or self._next_is("OR")):
                break
        if not wanted:
            raise ExpressionError("NOT alone would match almost everything; add a term to look for")
        if len(wanted) == 1 and not unwanted:
            return wanted[0]
        return AllOf(wanted=tuple(wanted), unwanted=tuple(unwanted))

    def _near(self, depth: int) -> Expression:
        left = self._atom(depth)
        while self.kind == "operator" and self.value.startswith("NEAR/"):
            distance = int(self.value[5:])
            self._step()
            left = Near(left=left, right=self._atom(depth), distance=distance)
        return left

    def _atom(self, depth: int) -> Expression:
        kind, value, where = self.kind, self.value, self.where()
        match kind:
            case "open":
                self._step()
                inner = self.either(depth + 1)
                if self.kind != "close":
                    raise ExpressionError(f"{where}: this bracket is not closed")
                self._step()
                return inner
            case "phrase":
                self._step()
                return Phrase(text=value)
            case "regex":
                self._step()
                return Regex(pattern=value)
            case "word":
                words: list[str] = []
                while self.kind == "word":
                    words.append(self.value)
                    self._step()
                return Phrase(text=" ".join(words))
            case None:
                raise ExpressionError(f"{where}: a word is missing at the end")
            case _:
                raise ExpressionError(f"{where}: a word is missing before {value!r}")

    def _takes(self, operator: str) -> bool:
        if self._next_is(operator):
            self._step()
            return True
        return False

    def _next_is(self, operator: str) -> bool:
        return self.kind == "operator" and self.value == operator

    def _step(self) -> None:
        rest = self._text[self._at :]
        self._start = self._at + len(rest) - len(rest.lstrip())
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            if rest.strip():
                raise ExpressionError(f"{self.where()}: this quotation mark is not closed")
            self.kind, self.value = None, ""
            return
        self.kind = found.lastgroup
        self.value = found[found.lastgroup or 0]
        self._at = found.end()


def visit_leaves(expression: Expression, take: Callable[[Phrase | Regex], None]) -> None:
    """Call ``take`` for every phrase and regular expression of an expression."""
    match expression:
        case Phrase() | Regex():
            take(expression)
        case Near(left=left, right=right):
            visit_leaves(left, take)
            visit_leaves(right, take)
        case AllOf(wanted=wanted, unwanted=unwanted):
            for part in (*wanted, *unwanted):
                visit_leaves(part, take)
        case AnyOf(of=of):
            for part in of:
                visit_leaves(part, take)


def compile_search(pattern: str) -> Callable[[str], Sequence[tuple[int, int]]]:
    """Compile a pattern into a search, without regard to case, for all spans that it matches.

    A search that takes longer than ``TIME_LIMIT`` finds nothing and is logged. Raises ValueError
    for an invalid pattern.
    """
    try:
        compiled = regex.compile(pattern, regex.IGNORECASE | regex.UNICODE)
    except regex.error as error:
        raise ValueError(f"not a regular expression: {error}") from error

    def search(text: str) -> Sequence[tuple[int, int]]:
        try:
            found = compiled.finditer(text[:SEARCHED_LENGTH], timeout=TIME_LIMIT)
            return [one.span() for one in found]
        except TimeoutError:
            log.warning("a regular expression exceeded its time limit", extra={"pattern": pattern})
            return []

    return search
