"""Alerts that connectors raise, in the language of the reader."""

import re
import string
from datetime import UTC, datetime, timedelta

import pytest

from cli.catalogue import shipped_catalogue
from connectors.alerts import connector_alert, retention_gap_alert
from core.model.alerts import Alert

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PARTS = ("title", "body")
CATALOGUE = shipped_catalogue()
TEXTS = sorted(
    id_.split(".")[1] for id_ in CATALOGUE.ids if re.fullmatch(r"connector\.\w+\.title", id_)
)


def alert(text: str) -> Alert:
    whole = "".join(CATALOGUE.find(f"connector.{text}.{part}", "en") or "" for part in PARTS)
    facts = {name: "1" for _, name, _, _ in string.Formatter().parse(whole) if name}
    return connector_alert(
        text, catalogue=CATALOGUE, key="k", kind="gap", severity="P2", now=NOW, facts=facts
    )


@pytest.mark.parametrize("text", TEXTS)
def test_each_language_stands_alone_and_all_together(text: str) -> None:
    made = alert(text)
    chinese, english = made.localized("zh"), made.localized("en")
    assert english.title.isascii()
    assert english.body.isascii()
    assert not chinese.title.isascii()
    assert "{" not in chinese.body + english.body
    assert made.title == f"{chinese.title} / {english.title}", "a group may read either"
    assert made.body == f"{chinese.body}\n{english.body}"


def test_a_gap_beyond_the_retention_tells_how_long_it_was() -> None:
    since, kept = NOW - timedelta(hours=30), timedelta(hours=24)
    made = retention_gap_alert(name="tg", since=since, now=NOW, retention=kept, catalogue=CATALOGUE)
    assert made.key == "gap:tg:2026-03-01T03:00:00+00:00"
    assert "2026-03-01 03:00 (UTC), 30 h ago" in made.localized("en").body
    assert "24 h" in made.localized("en").body
