"""An extractive summary of an incident: sentences of its posts, each with the posts that say so.

A sentence scores by the number of authors who use its words. The best sentences that differ from
each other are taken verbatim, so that the summary claims nothing that no post says.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.model.mentions import Mention

MAX_POSTS: Final = 500
MAX_SENTENCES: Final = 3
MAX_CITED: Final = 5
MIN_LENGTH: Final = 6
MAX_LENGTH: Final = 120
_CANDIDATES: Final = 60
"""Best sentences that are compared with each other."""
_SIMILAR: Final = 0.5
_SUPPORTS: Final = 0.6

_ENDS: Final = re.compile(r"[。！？!?；;\n]+|(?<=[a-z0-9)])\.\s+|//@[^:：\s]{1,40}[:：]")
_NOISE: Final = re.compile(r"https?://\S+|@[^\s:：]{1,40}|\[[^\[\]]{1,8}\]|#")
_WORD: Final = re.compile(r"[a-z0-9']{2,}|[\u3400-\u9fff]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class SummarySentence:
    """One sentence of the summary."""

    text: str
    posts: tuple[int, ...]
    """Mention.seq of the first posts that say so; the first of them holds the sentence."""
    people: int
    """Number of authors who say so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sentence:
    text: str
    seq: int
    author: str
    words: frozenset[str]


def summarise(mentions: Sequence[Mention]) -> tuple[SummarySentence, ...]:
    """Up to MAX_SENTENCES sentences of the mentions' masked texts, the most shared first."""
    sentences = [one for mention in mentions[:MAX_POSTS] for one in _sentences(mention)]
    used = Counter(word for word, _ in {(w, one.author) for one in sentences for w in one.words})

    def weight(one: _Sentence) -> float:
        shared = sum(used[word] - 1 for word in one.words)
        return float(shared / (len(one.words) + 6))

    chosen: list[_Sentence] = []
    distinct = {one.text: one for one in reversed(sentences)}  # the earliest of equals
    for one in sorted(distinct.values(), key=lambda one: (-weight(one), one.seq))[:_CANDIDATES]:
        if len(chosen) == MAX_SENTENCES:
            break
        if all(_overlap(one.words, other.words) < _SIMILAR for other in chosen):
            chosen.append(one)
    return tuple(_cited(one, sentences) for one in chosen)


def _sentences(mention: Mention) -> list[_Sentence]:
    author = f"{mention.event.channel}\n{mention.event.author.id}"
    found = []
    for part in _ENDS.split(mention.masked_text[:2000]):
        text = " ".join(_NOISE.sub(" ", part).split()).strip(" ，,、:：.-—…")
        words = _words(text)
        if MIN_LENGTH <= len(text) <= MAX_LENGTH and len(words) >= 3:
            found.append(_Sentence(text=text, seq=mention.seq, author=author, words=words))
    return found


def _words(text: str) -> frozenset[str]:
    """Latin words, and bigrams of Chinese characters."""
    found: set[str] = set()
    for run in _WORD.findall(text.lower()):
        if run[0] < "\u3400":
            found.add(run)
        else:
            found.update(run[at : at + 2] for at in range(len(run) - 1))
    return frozenset(found)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / min(len(one), len(other))


def _cited(one: _Sentence, sentences: Sequence[_Sentence]) -> SummarySentence:
    same = [
        other for other in sentences if len(one.words & other.words) >= _SUPPORTS * len(one.words)
    ]
    posts = dict.fromkeys((one.seq, *sorted(other.seq for other in same)))
    return SummarySentence(
        text=one.text,
        posts=tuple(posts)[:MAX_CITED],
        people=len({other.author for other in same}),
    )
