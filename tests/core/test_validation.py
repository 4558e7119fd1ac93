"""Mistakes in our own words, all in one run, with suggestions that hold where they stand."""

import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError, model_validator

from cli.problems import in_every_language
from cli.settings_file import parse, read
from connectors.registry import REGISTRY
from core.errors import ConfigError, Problem
from core.settings import Section, Settings
from core.validation import salvage, validate
from responders.alerting.receivers.registry import RECEIVERS
from responders.answering.content import ArticleHead
from responders.answering.playbook import Playbook

GOOD = """
[[brands]]
id = "hejia"
name = "禾家超市"
terms = ["禾家"]

[[channels]]
name = "site"
type = "webchat"
"""
CHINESE, ENGLISH = re.compile("[一-鿿]"), re.compile("[a-z]{2}")
RAW = re.compile(r"[Ii]nput should|valid (tuple|dictionary|string|integer|boolean)|String should")
WRONG: tuple[object, ...] = (
    *(7, -1, 10**30, 0.5, -0.5, float("nan"), float("inf"), True, None, "", " ", "x", "\x00"),
    *("x" * 20_000, [], [7], [[]], ["", ""], {}, {"a": 1}, [{}], [{"a": 7}], {"": []}),
)


def models() -> Iterator[type[BaseModel]]:
    """Every model that a configuration, a playbook or an article is read with."""
    waiting: list[type[BaseModel]] = [Settings, Playbook, ArticleHead]
    waiting += [kind.settings for kind in REGISTRY.values()]
    waiting += [kind.settings for kind in RECEIVERS.values()]
    seen: set[type[BaseModel]] = set()
    while waiting:
        model = waiting.pop()
        if model not in seen:
            seen.add(model)
            waiting += [
                part for info in model.model_fields.values() for part in parts(info.annotation)
            ]
            yield model


def parts(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from parts(inner)


def mistakes(text: str) -> dict[str, Problem]:
    with pytest.raises(ConfigError) as caught:
        parse(text, {})
    return {problem.key: problem for problem in caught.value.problems}


@pytest.mark.parametrize("model", list(models()), ids=lambda model: model.__name__)
@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:20])
def test_no_raw_text_of_the_library_is_shown(model: type[BaseModel], value: object) -> None:
    for name in model.model_fields:
        found: list[Problem] = []
        data = {name: value, "zzzz": 1}
        if validate(model, data, "", found) is not None:
            continue
        try:
            model.model_validate(data)
        except ValidationError as error:
            errors = error.errors()
            raw = {one["msg"] for one in errors if one["type"] != "value_error"}
            own = {str(one["ctx"]["error"]) for one in errors if one["type"] == "value_error"}
        for one in found:
            said = f"{one.message} {one.remedy}"
            if one.message not in own:
                assert CHINESE.search(in_every_language(one.message)), one
            assert CHINESE.search(in_every_language(one.remedy)), one
            assert ENGLISH.search(one.message), one
            assert one.message not in raw, one
            assert not RAW.search(said), one
            assert "{" not in one.message or "pattern" not in one.message, one


@pytest.mark.parametrize(
    ("table", "written", "meant"),
    [
        ("console", "langauge", "language"),
        ("console", "prot", "port"),
        ("console", "chat_origin", "chat_origins"),
        ("alerts", "timezon", "timezone"),
        ("store", "ulr", "url"),
        ("", "sentimnet", "sentiment"),
        ("", "second_opinon", "second_opinion"),
    ],
)
def test_a_key_is_suggested_where_it_exists_at_that_level(
    table: str, written: str, meant: str
) -> None:
    line = f"{written} = 1\n"
    found = mistakes(line + GOOD if not table else f"{GOOD}\n[{table}]\n{line}")
    problem = found[f"{table}.{written}".lstrip(".")]
    assert "Did you mean" in problem.remedy
    assert f"{meant!r}" in problem.remedy


@pytest.mark.parametrize(
    ("table", "written"),
    [
        ("", "langauge"),  # [console] has it, the top has not
        ("", "prot"),
        ("alerts", "language"),
        ("sla", "timezone"),
        ("store", "chat_origins"),
        ("knowledge", "language"),
        ("playbook", "timezone"),
        ("[staff]", "accounts"),
        ("[brands]", "port"),
        ("[alerts.on_call]", "authors"),
    ],
)
def test_a_key_of_another_table_is_not_suggested(table: str, written: str) -> None:
    line = f"{written} = 1\n"
    found = mistakes(line + GOOD if not table else f"{GOOD}\n[{table}]\n{line}")
    (problem,) = (one for key, one in found.items() if key.endswith(written))
    assert "Did you mean" not in problem.remedy
    assert "docs/reference/configuration.md" in problem.remedy


def test_a_channels_own_keys_are_suggested_beside_its_connectors() -> None:
    for written, meant in (("brnad", "brand"), ("longst", "longest"), ("burts", "burst")):
        found: list[Problem] = []
        kind = REGISTRY["webchat"].settings
        validate(kind, {written: 1}, "channels[0]", found, also=("name", "type", "brand"))
        assert f"{meant!r}" in found[0].remedy


@pytest.mark.parametrize(
    "host",
    [
        *("0.0.0" + ".0", "", " ", "::", "[::]", "0", "0.0", "00.00.00.00", "0x0", "0x0.0.0.0"),
        *("0:0:0:0:0:0:0:0", "::0", "0::0", "0000::", "::ffff:0.0.0.0", "::0.0.0.0", "*", "::%lo"),
    ],
)
def test_a_host_that_opens_every_address_is_refused(host: str) -> None:
    problem = mistakes(f'{GOOD}\n[console]\nhost = "{host}"\n')["console.host"]
    assert "127.0.0.1" in problem.remedy


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "::1", "[::1]", "10.0.0.7", "fd00::7", "tingfeng.lan", "fe80::1"],
)
def test_one_address_may_be_named(host: str) -> None:
    assert parse(f'{GOOD}\n[console]\nhost = "{host}"\n', {}).console.host == host


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert parse(f"\ufeff{GOOD}", {}) == parse(GOOD, {})


class TestReading:
    @pytest.mark.parametrize(
        ("broken", "keys"),
        [
            ('[[brands]]\nname = "b"\nterms = ["b"]\n', {"brands[1].id"}),
            ('[[brands]]\nid = "Not An Id"\nname = "b"\nterms = ["b"]\n', {"brands[1].id"}),
            (
                '[[brands]]\nid = "b"\nname = ""\nterms = []\n',
                {"brands[1].name", "brands[1].terms"},
            ),
            ('[[brands]]\nid = "b"\nname = "b"\nterms = ["b", 7]\n', {"brands[1].terms[1]"}),
            ('[[channels]]\ntype = "webchat"\n', {"channels[1].name"}),
            ('[[channels]]\nname = "b"\n', {"channels[1].type"}),
            ("[[channels]]\nname = 7\ntype = 7\n", {"channels[1].name", "channels[1].type"}),
            ("[[alerts.on_call]]\nreceivers = []\n", {"alerts.on_call[0].receivers"}),
            ("[[staff]]\nnaem = 1\n", {"staff[0].name", "staff[0].naem"}),
            ("[console]\nport = 99999\nhost = 7\n", {"console.port", "console.host"}),
        ],
    )
    def test_one_mistake_hides_no_other(self, broken: str, keys: set[str]) -> None:
        others = "[store]\nurl = 7\n[sla]\np1 = -1\n"
        late = GOOD.replace("terms", 'accounts = ["weixin:1"]\nterms')
        reading = read(f"{late}\n{broken}\n{others}", {})
        found = {one.key for one in reading.problems}
        assert found == keys | {"store.url", "sla.p1", "brands[0].accounts[0]"}
        assert reading.settings is not None
        assert reading.settings.brands[0].name == "禾家超市"

    def test_without_brands_and_channels_the_rest_is_still_read(self) -> None:
        reading = read('[sla]\np1 = -1\n[console]\nhost = "::"\n', {})
        assert {one.key for one in reading.problems} == {
            "brands",
            "channels",
            "sla.p1",
            "console.host",
        }

    def test_what_follows_from_another_mistake_is_not_told(self) -> None:
        wrong = f'{GOOD}brand = "Not An Id"\n'.replace('"hejia"', '"Not An Id"')
        assert {one.key for one in read(wrong, {}).problems} == {
            "brands[0].id",
            "channels[0].brand",
        }
        secret = GOOD + 'key = "${NONE}"\n[staff]\n'
        assert {one.key for one in read(secret, {}).problems} == {"channels[0].key", "staff"}

    def test_what_cannot_be_read_at_all_has_no_settings(self) -> None:
        assert read("a = = 1", {}).settings is None


def test_salvaging_gives_up_where_nothing_is_left() -> None:
    class Needs(Section):
        name: str

    assert salvage(Needs, {"name": 7, "more": 1}) is None
    assert salvage(Needs, {"name": "x", "more": 1}) == Needs(name="x")
    assert salvage(Needs, 7) is None


class Bounded(Section):
    """A table that is wrong as a whole."""

    low: int = 2
    high: int = 1

    @model_validator(mode="after")
    def _is_in_order(self) -> "Bounded":
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


@pytest.mark.parametrize("data", [{}, {"low": 3}, 7, None])
def test_what_no_pruning_mends_is_not_salvaged(data: object) -> None:
    assert salvage(Bounded, data) is None


def test_a_stand_in_that_is_wrong_itself_ends_the_salvage() -> None:
    class Needy(Section):
        low: int

    assert salvage(Needy, {}, {("low",): lambda _: "x"}) is None


def test_a_list_in_place_of_a_table_is_left_as_it_is() -> None:
    problems: list[Problem] = []
    assert validate(Settings, [1, 2], "", problems) is None
    assert problems
    assert salvage(Settings, [1, 2]) is None


def test_a_mistake_beneath_a_plain_value_suggests_no_key() -> None:
    problems = mistakes(GOOD + "[console]\nport = { langauge = 1 }\n")
    assert list(problems) == ["console.port"]
