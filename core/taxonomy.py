"""The closed vocabularies: languages, sentiments, severities, categories, intents, risks.

Everything follows the declarations here: the playbook accepts the names, staff can choose them, a
test asks for their translations, and the judge predicts those that its model was trained on. A name
that the model does not know yet is reported as untrained by ``check`` and never predicted; see
docs/how-to/add-a-category.md.
"""

from typing import Final, Literal, get_args

Language = Literal["zh", "en", "mixed", "other"]


Sentiment = Literal["negative", "neutral", "positive"]


Relevance = Literal["business", "place", "actor", "none"]
"""``business``: seen by its customer, or asked of it; ``place``: something only happened there;
``actor``: it acts in news, gossip or its own promotion; ``none``: the text is about no business."""


Severity = Literal["P1", "P2", "P3", "P4"]


CATEGORIES: Final = (
    "food_safety",
    "freshness",
    "quality",
    "price",
    "stock",
    "checkout",
    "staff",
    "delivery",
    "refund",
    "app",
    "membership",
    "environment",
    "false_advertising",
    "privacy",
    "other",
)
"""Subjects of a text, in the order in which staff choose them; ``other`` for none of them."""


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
"""Aims of an author; ``statement`` for none of the others."""


RELEVANCES: Final[tuple[Relevance, ...]] = get_args(Relevance)


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
"""Kinds of harm, most urgent first. ``frail``: harm to someone old, pregnant or ill."""
