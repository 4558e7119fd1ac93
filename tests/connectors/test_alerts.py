"""Alerts that connectors raise, in the language of the reader."""

import string
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import connectors.alerts
from connectors.alerts import connector_alert, retention_gap_alert
from core.alerts import Alert
from core.localized import UI_LANGUAGES

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEXTS = tomllib.loads(Path(connectors.alerts.__file__).with_suffix(".toml").read_text("utf-8"))


def placeholders(texts: Mapping[str, str]) -> set[str]:
    whole = "".join(texts.values())
    return {name for _, name, _, _ in string.Formatter().parse(whole) if name}


def alert(text: str) -> Alert:
    facts = dict.fromkeys(placeholders(TEXTS[text]["en"]), "1")
    return connector_alert(text, key="k", kind="gap", severity="P2", now=NOW, facts=facts)


@pytest.mark.parametrize("text", sorted(TEXTS))
def test_each_language_stands_alone_and_all_together(text: str) -> None:
    made = alert(text)
    chinese, english = made.localized("zh"), made.localized("en")
    assert english.title.isascii()
    assert english.body.isascii()
    assert not chinese.title.isascii()
    assert "{" not in chinese.body + english.body
    assert made.title == f"{chinese.title} / {english.title}", "a group may read either"
    assert made.body == f"{chinese.body}\n{english.body}"


@pytest.mark.parametrize("text", sorted(TEXTS))
def test_all_languages_tell_the_same_facts(text: str) -> None:
    assert set(TEXTS[text]) == set(UI_LANGUAGES)
    assert placeholders(TEXTS[text]["zh"]) == placeholders(TEXTS[text]["en"])


def test_a_gap_beyond_the_retention_tells_how_long_it_was() -> None:
    since, kept = NOW - timedelta(hours=30), timedelta(hours=24)
    made = retention_gap_alert(name="tg", since=since, now=NOW, retention=kept)
    assert made.key == "gap:tg:2026-03-01T03:00:00+00:00"
    assert "2026-03-01 03:00 (UTC), 30 h ago" in made.localized("en").body
    assert "24 h" in made.localized("en").body
