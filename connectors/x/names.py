"""The two vocabularies of X's API: ``tweet`` fields, and ``post`` fields since specification 2.167.

X answers in either. Fields are asked for by their old names, which tweepy writes, until X refuses
one of them.

Source: https://docs.x.com/x-api/fundamentals/fields
"""

from collections.abc import Mapping
from typing import Final

from yarl import URL

from connectors.json_fields import JsonObject
from connectors.x.errors import XFault, XRequestError

_NEW: Final[Mapping[str, str]] = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "note_tweet": "note_post",
    "referenced_tweets": "referenced_posts",
    "retweet_count": "repost_count",
    "tweets": "posts",
}
"""Names of fields in answers."""
_EXPANSIONS: Final = {"referenced_tweets.id": "referenced_posts"}
_NOT_REQUESTED: Final = frozenset(
    {"edit_history_tweet_ids", "in_reply_to_user_id", "referenced_tweets"}
)
"""Fields that are no longer asked for by name: they are default fields, or expansions."""
_OLD_FIELDS: Final = "tweet.fields"
_NEW_FIELDS: Final = "post.fields"
_TELLING: Final = (
    _OLD_FIELDS,
    _NEW_FIELDS,
    "edit_history_tweet_ids",
    "note_tweet",
    "referenced_posts",
    "referenced_tweets",
)
"""Names in the text of a refusal from which it follows that the old ones have ended."""


def field_of(data: JsonObject, name: str) -> object:
    """The value of the field with the old ``name`` under either of its names."""
    value = data.get(name)
    return data.get(_NEW[name]) if value is None else value


def asks_for_new_names(error: XRequestError) -> bool:
    """True for a refusal that names a parameter or field of the old vocabulary."""
    if error.fault is not XFault.REJECTED or error.status != 400:
        return False
    return any(name in error.refused_name for name in _TELLING)


def with_new_names(url: URL) -> URL:
    """``url`` with its query in the new vocabulary."""
    if _OLD_FIELDS not in url.query and "expansions" not in url.query:
        return url
    query: list[tuple[str, str]] = []
    for name, value in url.query.items():
        if name == _OLD_FIELDS:
            kept = [_NEW.get(part, part) for part in value.split(",") if part not in _NOT_REQUESTED]
            query.append((_NEW_FIELDS, ",".join(kept)))
        elif name == "expansions":
            parts = [_EXPANSIONS.get(part, part) for part in value.split(",")]
            query.append((name, ",".join(parts)))
        else:
            query.append((name, value))
    return url.with_query(query)
