"""The configuration: all mistakes at once, each with its key and remedy."""

import pytest

from cli.settings_file import parse
from core.errors import ConfigError, Problem, collect
from core.settings import Settings

GOOD = """
[[brands]]
id = "hejia"
name = "禾家超市"
terms = ["禾家"]

[[channels]]
name = "webchat"
type = "webchat"
origins = ["${SITE}"]
"""


def problems(text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, {})
    assert str(caught.value)
    return {
        problem.key: f"{problem.message} | {problem.remedy}" for problem in caught.value.problems
    }


def test_a_small_file_is_enough_and_variables_are_filled_in() -> None:
    settings = parse(GOOD, {"SITE": "https://hejia.example"})
    assert settings.console.port == 8080
    assert settings.channels[0].settings == {"origins": ["https://hejia.example"]}


def test_every_mistake_is_found_at_once() -> None:
    found = problems(
        GOOD
        + """
        [[channels]]
        name = "webchat"
        [console]
        prot = 80
        [store]
        zzz = 1
        [sla]
        p1 = -1
        """
    )
    assert "the environment variable SITE is not set" in found["channels[0].origins[0]"]
    assert found["channels[1].type"] == "is missing | Add it."
    assert "'port'" in found["console.prot"]
    assert "docs/reference/configuration.md" in found["store.zzz"]
    assert "greater than 0" in found["sla.p1"]


def test_names_are_unique() -> None:
    twice = GOOD.replace("${SITE}", "x") * 2
    found = problems(twice)
    assert set(found) == {"brands[1]", "channels[1]"}


def test_an_empty_file_says_what_is_missing() -> None:
    assert set(problems("")) == {"brands", "channels"}


def test_what_is_not_toml_says_where() -> None:
    assert "line 1" in problems("a = = 1")["(file)"]


def test_secrets_do_not_show() -> None:
    text = (
        GOOD.replace("${SITE}", "x")
        + """
        [[alerts.webhooks]]
        url = "https://ops.example/hook"
        secret = "0123456789abcdef"
        """
    )
    settings: Settings = parse(text, {})
    assert "0123456789abcdef" not in repr(settings)
    assert settings.alerts.webhooks[0].settings["secret"] == "0123456789abcdef"


def test_mistakes_of_several_parts_are_collected() -> None:
    found: list[Problem] = []
    assert collect(lambda: parse("", {}), found) is None
    assert collect(lambda: 7, found) == 7
    assert {problem.key for problem in found} == {"brands", "channels"}


@pytest.mark.parametrize("account", ["", "webchat", "webchat:", ":7", "weibo:7", "WEBCHAT:7"])
def test_an_account_is_on_a_channel(account: str) -> None:
    found = problems(
        GOOD.replace("${SITE}", "x").replace("terms", f'accounts = ["{account}"]\nterms')
    )
    assert "CHANNEL:AUTHOR_ID" in found["brands[0].accounts[0]"]


def test_an_account_may_hold_colons() -> None:
    good = GOOD.replace("${SITE}", "x").replace("terms", 'accounts = ["webchat:a:7"]\nterms')
    assert parse(good, {}).brands[0].accounts == ("webchat:a:7",)


def test_a_channel_names_a_configured_brand() -> None:
    text = GOOD.replace("${SITE}", "x")
    found = problems(text + 'brand = "pine"\n')
    assert set(found) == {"channels[0].brand"}
    assert "there is no brand 'pine'" in found["channels[0].brand"]
    assert "Choose one of: hejia." in found["channels[0].brand"]
    (channel,) = parse(text + 'brand = "hejia"\n', {}).channels
    assert channel.brand == "hejia"
    assert "brand" not in channel.settings, "it is no key of the connector"


def test_a_telegram_account_is_one_person() -> None:
    staff = "".join(
        f'[[staff]]\nname = "{name}"\n{account}\n'
        for name, account in (
            ("a", 'telegram = "7"'),
            ("b", ""),
            ("c", ""),
            ("d", 'telegram = "7"'),
        )
    )
    found = problems(GOOD.replace("${SITE}", "x") + staff)
    assert set(found) == {"staff[1]"}
    assert "'7' is used twice" in found["staff[1]"]
