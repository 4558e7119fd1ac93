"""Severity of a ticket: whom a text calls, and how soon."""

import pytest

from responders.tickets import severity
from tests.builders import judgement


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({"risk": ("injury",), "complaint": 0.9}, "P1"),
        ({"risk": ("injury",), "relevance": "business"}, "P1"),
        ({"risk": ("fire",), "relevance": "place", "complaint": 0.9}, "P1"),
        ({"risk": ("child",), "relevance": "actor", "intent": "complaint"}, "P1"),
        ({"risk": ("self_harm",), "relevance": "none"}, "P1"),
        ({"risk": ("fire",), "relevance": "place"}, "P2"),
        ({"risk": ("death",), "relevance": "actor"}, "P2"),
        ({"risk": ("press",), "complaint": 0.9}, "P2"),
        ({"intent": "threat"}, "P2"),
        ({"category": "food_safety", "complaint": 0.9}, "P2"),
        ({"adverse": 0.7, "relevance": "actor"}, "P2"),
        ({"adverse": 0.7, "relevance": "place"}, "P2"),
        ({"adverse": 0.3, "relevance": "actor"}, "P4"),
        ({"adverse": 0.7, "relevance": "business"}, "P4"),
        ({"complaint": 0.5}, "P3"),
        ({"intent": "complaint"}, "P3"),
        ({"category": "food_safety"}, "P4"),
        ({}, "P4"),
    ],
)
def test_severity(given: dict[str, object], level: str) -> None:
    assert severity(judgement(**given)) == level
