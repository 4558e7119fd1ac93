"""What a text is about."""

from typing import Final

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
