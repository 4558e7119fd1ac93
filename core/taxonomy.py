"""The closed vocabularies: languages, sentiments, severities, categories, intents, risks."""

from typing import Final, Literal

Language = Literal["zh", "en", "mixed", "other"]


Sentiment = Literal["negative", "neutral", "positive"]


Severity = Literal["P1", "P2", "P3", "P4"]


CATEGORIES: Final = (
    "food_safety",
    "privacy",
    "false_advertising",
    "refund",
    "freshness",
    "delivery",
    "app",
    "membership",
    "staff",
    "checkout",
    "stock",
    "quality",
    "price",
    "environment",
    "other",
)
"""All categories; the order is that of the columns of the trained model."""


INTENTS: Final = (
    "threat",
    "human",
    "spam",
    "order_status",
    "complaint",
    "suggestion",
    "question",
    "praise",
    "statement",
)
"""All intents; the order is that of the columns of the trained model."""


RISKS: Final = (
    "self_harm",
    "death",
    "food_poisoning",
    "injury",
    "fire",
    "allergy",
    "child",
    "frail",
    "discrimination",
    "press",
    "regulator",
    "legal",
)
"""All kinds, most urgent first. ``frail``: somebody old, pregnant or ill came to harm."""
