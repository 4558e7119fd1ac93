"""The texts of an event for each reader: matching, judging, and people.

An event keeps its author's own words apart from the texts that it refers to. Whoever reads both in
one text gets them as reposts on Weibo write them: ``own words //@author: text``. The judge takes
what stands behind ``//@`` for quotation.
"""

import re
from collections.abc import Iterator
from typing import Final

from core.model.events import Event, Quoted

_NOT_IN_NAMES: Final = re.compile(r"[\s:：/@]+")
_LONGEST_NAME: Final = 40
_BETWEEN: Final = "。"
"""Ends a clause, so that no term is found across two texts."""


def whole_text(event: Event) -> str:
    """Own words and everything that is passed on, for people, for search and for grouping."""
    return _rendered(event.text, _passed_on(event))


def judged_text(event: Event) -> str:
    """Own words and what is passed on of other people's, for the judge.

    Empty where an event says nothing: a symbol that stands for an attachment is no word, and the
    brand's own words are no grievance of who passes them on.
    """
    own = "" if event.wordless else event.text
    return _rendered(own, (one for one in _passed_on(event) if not one.own))


def matched_text(event: Event) -> str:
    """Every text and address that can name a brand, for the matcher."""
    texts = [event.text]
    for one in event.quoted:
        texts.append(one.text)
        if one.kind == "link" and one.id is not None:
            texts.append(one.id)
    return _BETWEEN.join(filter(None, texts))


def says_nothing(event: Event) -> bool:
    """True for a picture, a sticker or a voice message without words, and for an empty text."""
    return not judged_text(event).strip()


def _passed_on(event: Event) -> Iterator[Quoted]:
    """The texts that an event repeats.

    An answer repeats what it answers only where it calls the brand to it, as in *see what they say
    here*; any other answer stands for itself.
    """
    for one in event.quoted:
        called = event.solicited and not one.own
        if one.text.strip() and (one.kind != "answered" or called):
            yield one


def _rendered(own: str, quoted: Iterator[Quoted]) -> str:
    parts = [own]
    for one in quoted:
        name = _NOT_IN_NAMES.sub("_", one.author.strip())[:_LONGEST_NAME]
        parts.append(f"//@{name or 'quoted'}: {one.text}")
    return " ".join(filter(None, parts))
