"""Searching without a text index: tokens in an array, and the line they stood in."""

import re

from storage.mongo.link import Doc
from storage.tokens import terms


def has_terms(text: str) -> list[Doc]:
    """Conditions that hold where every term of ``text`` is found; none without a term."""
    found: list[Doc] = []
    for term in terms(text):
        if term.prefix:
            found.append({"words": {"$regex": "^" + re.escape(term.tokens[0])}})
            continue
        found.append({"words": {"$all": list(term.tokens)}})
        if len(term.tokens) > 1:
            phrase = re.escape(" ".join(term.tokens))
            found.append({"line": {"$regex": f"(^| ){phrase}( |$)"}})
    return found
