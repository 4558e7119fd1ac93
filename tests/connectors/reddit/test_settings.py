"""The settings of a Reddit channel, and its budget."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.reddit.limits import RedditLimits, rate_limit_pause, requested_wait
from connectors.reddit.receive import listing_sources
from connectors.reddit.settings import RedditSettings
from connectors.registry import REGISTRY
from core.clock import ManualClock
from core.errors import Problem
from core.validation import validate
from tests.connectors.support import START, ConnectorKit

WHOLE: dict[str, object] = {
    "client_id": "id",
    "client_secret": "secret",
    "username": "shop_bot",
    "password": "word",
}


def mistakes(**settings: object) -> list[Problem]:
    problems: list[Problem] = []
    validate(RedditSettings, WHOLE | settings, "channels[0]", problems)
    return problems


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"client_secret": "with space"}, "client_secret"),
        ({"client_id": "编号"}, "client_id"),
        ({"password": None}, "either username and password, or refresh_token"),
        ({"username": None}, "either"),
        ({"refresh_token": "x"}, "either"),
        ({"inbox": False}, "reads nothing"),
        ({"subreddits": ["r/shop"]}, "subreddits"),
        ({"subreddits": ["shop/../x"]}, "subreddits"),
        ({"user_agent": "two\nlines of it"}, "user_agent"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"backlog": 0}, "backlog"),
        ({"polls": 1}, "polls"),
    ],
)
def test_mistakes_are_named(settings: dict[str, object], named: str) -> None:
    (problem,) = mistakes(**settings)
    assert named in str(problem)
    assert "with space" not in str(problem)


def test_tokens_are_got_where_the_api_is() -> None:
    def at(**settings: object) -> str:
        return RedditSettings.model_validate(WHOLE | settings).token_url

    assert at() == "https://www.reddit.com"
    assert at(base_url="https://oauth.reddit.com/") == "https://www.reddit.com"
    assert at(base_url="http://127.0.0.1:1/") == "http://127.0.0.1:1"
    assert at(base_url="http://127.0.0.1:1", www_url="http://127.0.0.1:2/") == "http://127.0.0.1:2"


def test_the_agent_names_the_account() -> None:
    settings = RedditSettings.model_validate(WHOLE)
    assert settings.agent == "server:tingfeng:v0.1 (by /u/shop_bot)"
    named = RedditSettings.model_validate(WHOLE | {"user_agent": "my own agent"})
    assert named.agent == "my own agent"
    token = {"username": None, "password": None, "refresh_token": "x"}
    assert RedditSettings.model_validate(WHOLE | token).agent == "server:tingfeng:v0.1"


def test_the_inbox_is_read_first() -> None:
    settings = RedditSettings.model_validate(WHOLE | {"subreddits": ["ab"], "search": ["鱼"]})
    keys = [source.key for source in listing_sources(settings)]
    assert keys == ["inbox", "mentions", "r/ab/new", "r/ab/comments", "search 鱼"]


async def test_it_is_built_by_the_registry(tmp_path: Path) -> None:
    kind = REGISTRY["reddit"]
    made = kind.build(
        "name", RedditSettings.model_validate(WHOLE), ConnectorKit(folder=tmp_path).context
    )
    assert made.name == "name"
    await made.close()


def said(remaining: str, reset: str) -> dict[str, str]:
    return {"x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset}


async def test_the_budget_is_spread_and_the_rest_left_to_replies() -> None:
    clock = ManualClock(START)
    budget = RedditLimits(clock)
    assert budget.read_wait() == budget.write_wait() == 0
    budget.note_headers(said("600.0", "600"))
    assert budget.read_wait() == 0
    budget.note_headers(said("42", "60"))
    assert budget.read_wait() == pytest.approx(60 / 40)
    budget.note_headers(said("3", "500"))
    assert budget.read_wait() == 10
    budget.note_headers(said("2", "500"))
    assert (budget.read_wait(), budget.write_wait()) == (500, 0)
    budget.note_headers(said("0", "400"))
    assert (budget.read_wait(), budget.write_wait()) == (400, 400)
    await clock.advance(400)
    assert (budget.read_wait(), budget.write_wait(), budget.until_reset()) == (0, 0, 0)


async def test_pauses_hold_both_or_replies_alone() -> None:
    clock = ManualClock(START)
    budget = RedditLimits(clock)
    budget.hold_writes(30)
    assert (budget.read_wait(), budget.write_wait()) == (0, 30)
    budget.hold(50)
    budget.hold(10)
    assert (budget.read_wait(), budget.write_wait()) == (50, 50)
    await clock.advance(50)
    assert budget.read_wait() == 0


@pytest.mark.parametrize("odd", ["", "nan", "-1", "inf", "many"])
def test_headers_that_are_no_numbers_count_as_not_said(odd: str) -> None:
    budget = RedditLimits(ManualClock(START))
    budget.note_headers(said(odd, "60"))
    budget.note_headers(said("60", odd))
    budget.note_headers({})
    assert budget.remaining is None
    assert requested_wait({"retry-after": odd}, START) is None


def test_a_pause_may_be_a_date() -> None:
    date = {"retry-after": "Sun, 01 Mar 2026 08:00:30 GMT"}
    assert requested_wait(date, datetime(2026, 3, 1, 8, 0, tzinfo=UTC)) == 30
    past = {"retry-after": "Sun, 01 Mar 2020 08:00:30 GMT"}
    assert requested_wait(past, START) is None
    assert requested_wait({"retry-after": "1e9"}, START) == 86_400


def test_a_pause_in_words() -> None:
    assert rate_limit_pause("try again in 1 minute 5 seconds", None) == 65
    assert rate_limit_pause("in 2 hours", None) == 7200
    assert rate_limit_pause("in 999999 hours", None) == 86_400
    assert rate_limit_pause("in 2 minutes", True) == 120
    assert rate_limit_pause("in 2 minutes", -1) == 120
    assert rate_limit_pause("later", float("inf")) == 60
