"""What the author of a text wants."""

from typing import Final

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
