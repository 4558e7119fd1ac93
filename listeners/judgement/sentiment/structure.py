"""How a text is built, so that the n-grams are read for what they mean.

Own words before quoted ones, denials turned round, the meant half of a contrast before the
granted one, praise that is none. Every finding is a piece of the text that staff can be shown.
"""

import re
from dataclasses import dataclass
from typing import Final

from listeners.judgement.contrast import Part, contrasts, weigh
from listeners.judgement.sarcasm import praise
from listeners.judgement.sentiment.negation import SHORT, Denial, Lean, denials
from listeners.judgement.sentiment.structure_words import BAD, GOOD
from listeners.text.quotations import split


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A text as the model is to read it."""

    parts: tuple[Part, ...]
    evidence: tuple[str, ...]
    """Pieces of the text that were turned round."""


QUOTED: Final = 0.85
"""Weight of what the author passes on and says nothing against."""

OPPOSED: Final = 0.6
"""Weight of what is passed on by somebody who says the contrary."""

_ONE_BREATH: Final = 120
"""Characters up to which praise and what went wrong are of the same matter."""

_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_MEANT: Final = {"zh": "，非常好，很满意，", "en": " great, thank you "}


def read(text: str, lean: Lean) -> Reading:
    """Read a text in lower case and simplified characters, names and numbers as they are.

    ``lean`` says how good a fragment is by itself.
    """
    own, quoted = split(text)
    if not own:
        # What is only passed on is taken on.
        own, quoted = text, ""
    turned, evidence = _turned(own, lean)
    said = praise(own) if len(own) <= _ONE_BREATH and not contrasts(own) else None
    if said:
        language = "zh" if _HAN.search(own) else "en"
        plain = _MEANT[language] if said.meant else BAD[language]
        turned = own[: said.start] + plain + own[said.end :]
        evidence = (own[said.start : said.end],)
    parts = weigh(turned, lean)
    if quoted:
        opposed = abs(lean(own)) > 1 and lean(own) * lean(quoted) < 0
        parts += (Part(text=quoted, weight=OPPOSED if opposed else QUOTED),)
    return Reading(parts=parts, evidence=evidence)


def _turned(text: str, lean: Lean) -> tuple[str, tuple[str, ...]]:
    pieces: list[str] = []
    evidence: list[str] = []
    place = 0
    # In longer texts the n-grams have enough to tell what is said of good things denied.
    short = len(text) <= (SHORT if _HAN.search(text) else 3 * SHORT)
    for denial in sorted(denials(text, lean), key=lambda found: found.start):
        if denial.start < place or not (denial.good or short):
            continue
        said = text[denial.start : denial.end]
        pieces += (text[place : denial.start], _plainly(denial, said))
        evidence.append(said)
        place = denial.end
    return "".join((*pieces, text[place:])), tuple(evidence)


def _plainly(denial: Denial, said: str) -> str:
    language = "zh" if _HAN.search(said) else "en"
    if denial.good:
        return GOOD[language]
    return said + BAD[language]
