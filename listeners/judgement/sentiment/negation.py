"""Finds negations and their scope: 一点都不贵, 不是不好, *not bad at all*, *no complaints*.

N-grams see words and not scope: 不 and 贵 both count as bad. A negation is followed to the word it
negates; negating something bad is good, and the other way round.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from listeners.judgement.sentiment.structure_words import HAN, structure_words

Polarity = Callable[[str], float]
"""Log-odds of good against bad of a fragment; called for words that are not listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Negation:
    """A negation with the words it negates."""

    start: int
    end: int
    """End of the negated words."""
    good: bool
    """True where the negation as a whole is good."""


_GOOD_FROM: Final = 0.2
"""Polarity from which an unlisted word counts as good; below zero it counts as bad, since most good
words are listed."""

SHORT_TEXT: Final = 26
"""Characters of a text whose sentiment depends on its negation; three times as many in English."""

_VERY_SHORT_TEXT: Final = 16
_MAX_LISTED_WORD: Final = 5
_ENGLISH_REACH: Final = 7
_CLAUSE: Final = re.compile(r"[，。！？；、,.!?;:：\n~…]")
_AFTER_ONE: Final = re.compile(r"[^\u3400-\u9fff]|[的了吧啊呢嘛哦呀哈也还又而且和跟与或都]|$")
_UNKNOWN: Final = re.compile(
    r"(?![能会要想给让用到知敢行可同是来去买说看退换发做接回管理])(?!一样|第一)"
    r"[\u3400-\u9fff]{1,4}?(?=[的了吧啊呢嘛哦呀]?(?:[^\u3400-\u9fff]|$))"
)
_ASKED: Final = re.compile(r".{0,2}?[吗么]|[?？]")
_STRONG: Final = re.compile(r"[一半]点|丝毫|毫[不无]|完全|根本|绝[不对非]|从[不来没未]|并[不非没]")
_PLAIN: Final = frozenset(
    (
        "不",
        "并不",
        "不算",
        "不是很",
        "不怎么",
        "没觉得",
        "不觉得",
        "没那么",
        "没有那么",
        "不会",
        "不太",
    )
)
"""Negations after which an unlisted word is taken for a quality."""

_ALSO: Final = re.compile(r"(?:和|与|跟|或者?|、|以及|也没有?|也不)")
_EITHER: Final = re.compile(r"[^。！？\n]{0,12}就是")
_TOKEN: Final = re.compile(r"[a-z][a-z'’\-]*")
_EMPHASIS: Final = re.compile(
    r"\s+(?:at all|in the (?:slightest|least)|whatsoever|in any way|by any means|one bit)\b"
)
_IS: Final = re.compile(
    r"\b(?:(?:is|are|was|were|be|been|felt?|looks?|'s|'re|it's)(?: not| never| by no means)?"
    r"|(?:is|are|was|were)n[’']?t|not the least bit|anything but|far from|hardly|no|^not|^never)$"
)
_ENDS: Final = re.compile(r"\s*(?:[,.!;\n]|$|and |but |or )")
_OR: Final = re.compile(r",? (?:or|and|nor) (?:too |very |at all )?([a-z\-]+)")
_BETTER: Final = re.compile(
    r"\b(?:could(?:n't| not)|can(?:'t|not)|never|have(?:n't| not)) "
    r"(?:have |possibly |really )?(?:be|been|ask(?:ed)? for|get|had|felt|seen|tasted)? ?"
    r"(?:any |a |anything )?(better|happier|more (?:pleased|satisfied|impressed|helpful)|worse)\b"
)


def find_negations(text: str, polarity: Polarity) -> Iterator[Negation]:
    """The negations in a spelled text: the Chinese ones in order, then the English ones."""
    if HAN.search(text):
        yield from _chinese(text, polarity)
    if _TOKEN.search(text):
        yield from _english(text, polarity)


def _chinese(text: str, polarity: Polarity) -> Iterator[Negation]:
    known = structure_words()
    place = 0
    cue = known.chinese_cue.search(text)
    idioms = [found.span() for found in known.chinese_skip.finditer(text)] if cue else []
    while cue := known.chinese_cue.search(text, place):
        place = cue.end(1)
        if over := [end for start, end in idioms if start <= cue.start() < end]:
            place = over[0]
            continue
        if known.chinese_wish.search(text, _clause_start(text, cue.start()), cue.start()):
            continue
        found = _scope(text, cue, polarity)
        if found is None:
            continue
        end, sign = found
        if cue[1].endswith("不是") and sign < 0 and _EITHER.match(text, end):
            continue
        if _is_question(text, cue, end):
            continue
        end = _scope_with_conjuncts(text, end, sign)
        yield Negation(start=cue.start(), end=end, good=sign < 0)
        place = end


def _is_question(text: str, cue: re.Match[str], end: int) -> bool:
    """True for questions: 贵不贵, 是不是贵, 不贵吗."""
    before = text[cue.start() - 1 : cue.start()]
    after = (text[cue.start() + 1 : cue.start() + 2], text[cue.end() : cue.end() + 1])
    return (bool(before) and before in after) or bool(_ASKED.match(text, end))


def _scope(text: str, cue: re.Match[str], polarity: Polarity) -> tuple[int, int] | None:
    """End and polarity, 1 or -1, of what the cue negates."""
    for place in dict.fromkeys((cue.end(), cue.end(1))):
        inner = structure_words().chinese_cue.match(text, place)
        if inner and inner.end(1) < len(text):
            found = _listed(text, inner.end()) or _listed(text, inner.end(1))
            if found:
                return found[0], -found[1]
        listed = _listed(text, place)
        if listed:
            return listed
    unknown = _UNKNOWN.match(text, cue.end())
    if unknown is None or len(text) > SHORT_TEXT:
        return None
    if _STRONG.match(cue[1]):
        return _guess(unknown, polarity)
    of_quality = cue[1] in _PLAIN or "那么" in cue[0]
    if not of_quality or len(unknown[0]) == 1 or len(text) > _VERY_SHORT_TEXT:
        return None
    found = _guess(unknown, polarity)
    return found if found and found[1] < 0 else None


def _listed(text: str, place: int) -> tuple[int, int] | None:
    known = structure_words().chinese
    for length in range(_MAX_LISTED_WORD, 0, -1):
        sign = known.get(text[place : place + length])
        if sign and (length > 1 or _AFTER_ONE.match(text, place + 1)):
            return place + length, sign
    return None


def _guess(unknown: re.Match[str], polarity: Polarity) -> tuple[int, int] | None:
    found = polarity(unknown[0])
    if 0 <= found < _GOOD_FROM:
        return None
    return unknown.end(), -1 if found < 0 else 1


def _scope_with_conjuncts(text: str, end: int, sign: int) -> int:
    """End of a list of words negated together: 没有异味和色差."""
    while also := _ALSO.match(text, end):
        more = _listed(text, also.end())
        if more is None or more[1] != sign:
            break
        end = more[0]
    return end


def _clause_start(text: str, place: int) -> int:
    ends = [found.end() for found in _CLAUSE.finditer(text, max(0, place - 40), place)]
    return ends[-1] if ends else max(0, place - 40)


def _english(text: str, polarity: Polarity) -> Iterator[Negation]:
    done = 0
    for best in _BETTER.finditer(text):
        good = best[1] != "worse"
        yield Negation(start=best.start(), end=best.end(), good=good)
        done = best.end()
    for cue in _english_cues(text):
        if cue.start() < done:
            continue
        found = _english_scope(text, cue.end(), polarity)
        if found is None:
            continue
        done, sign = found
        emphasis = _EMPHASIS.match(text, done)
        done = emphasis.end() if emphasis else done
        yield Negation(start=cue.start(), end=done, good=sign < 0)


def _english_cues(text: str) -> Iterator[re.Match[str]]:
    known = structure_words()
    far = {found.start(): found for found in known.english_far.finditer(text)}
    for token in _TOKEN.finditer(text):
        cue = far.get(token.start())
        if cue is None and not _negates(token[0].replace("’", "'")):
            continue
        if known.english_skip.match(text, token.start()):
            continue
        if known.english_wish.search(text, _clause_start(text, token.start()), token.start()):
            continue
        yield cue or token


def _negates(token: str) -> bool:
    return token.endswith("n't") or token in structure_words().english_cues


def _english_scope(text: str, place: int, polarity: Polarity) -> tuple[int, int] | None:
    known = structure_words()
    sign_of_inner = 1
    cue_end = place
    for token in list(_TOKEN.finditer(text, place, place + 90))[:_ENGLISH_REACH]:
        if _CLAUSE.search(text, place, token.start()):
            return None
        place = token.end()
        word = token[0]
        if _negates(word) or word == "without":
            sign_of_inner = -sign_of_inner
            continue
        sign = known.english.get(word)
        if sign:
            return _english_scope_with_conjuncts(text, place, sign), sign * sign_of_inner
        if word not in known.english_fillers:
            if len(text) > 3 * SHORT_TEXT:
                return None
            emphatic = bool(_EMPHASIS.match(text, place))
            if not emphatic and not (_ENDS.match(text, place) and _IS.search(text, 0, cue_end)):
                return None
            found = _guess(token, polarity)
            return found and (found[0], found[1] * sign_of_inner)
    return None


def _english_scope_with_conjuncts(text: str, end: int, sign: int) -> int:
    """End of a list of words negated together: not dry or bland."""
    while also := _OR.match(text, end):
        if structure_words().english.get(also[1]) != sign:
            break
        end = also.end()
    return end
