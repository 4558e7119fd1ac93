"""Texts for staff, in the language of the reader."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.localized import LocalizedText, in_each, local_time
from core.model.alerts import Alert
from core.model.incidents import Incident
from core.model.pauses import Pause

AT = datetime(2026, 3, 2, 20, 5, tzinfo=UTC)
BOTH = (
    LocalizedText(language="zh", title="面包发霉", body="8 位作者"),
    LocalizedText(language="en", title="Mould", body="8 authors"),
)


def alert(wordings: tuple[LocalizedText, ...] = ()) -> Alert:
    return Alert(
        key="a",
        kind="incident",
        severity="P1",
        title="原来的",
        body="原文",
        created_at=AT,
        wordings=wordings,
    )


def incident(wordings: tuple[LocalizedText, ...] = ()) -> Incident:
    return Incident(
        id="INC-1",
        key="k",
        brand="b",
        title="面包发霉了",
        category="freshness",
        severity="P1",
        state="open",
        first_at=AT,
        last_at=AT,
        mentions=1,
        authors=1,
        reasons=("一", "二"),
        wordings=wordings,
    )


def pause(wordings: tuple[LocalizedText, ...] = ()) -> Pause:
    return Pause(id="all", scope="all", reason="王芳说的", by="bot", at=AT, wordings=wordings)


def test_each_reads_their_own_language() -> None:
    assert (alert(BOTH).localized("zh").title, alert(BOTH).localized("en").body) == (
        "面包发霉",
        "8 authors",
    )
    assert incident(BOTH).localized("en").title == "Mould"
    assert pause(BOTH).localized("en") == "Mould"


def test_what_was_stored_in_one_language_is_read_in_it() -> None:
    assert alert().localized("en").title == "原来的"
    assert alert(BOTH[:1]).localized("en").body == "原文"
    expected = LocalizedText(language="en", title="面包发霉了", body="一\n二")
    assert incident().localized("en") == expected
    assert pause().localized("en") == "王芳说的"


def test_a_title_in_the_words_of_a_post_stands_as_it_is() -> None:
    only_reasons = (LocalizedText(language="en", body="8 authors"),)
    told = incident(only_reasons).localized("en")
    assert (told.title, told.body) == ("面包发霉了", "8 authors")


def test_both_languages_are_worded() -> None:
    made = in_each(lambda one: LocalizedText(language=one, title=one))
    assert [(one.language, one.title) for one in made] == [("zh", "zh"), ("en", "en")]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Shanghai", "2026-03-03 04:05 UTC+8"),
        ("UTC", "2026-03-02 20:05 UTC"),
        ("America/St_Johns", "2026-03-02 16:35 UTC-3:30"),
        ("Asia/Kolkata", "2026-03-03 01:35 UTC+5:30"),
    ],
)
def test_times_name_their_zone(zone: str, expected: str) -> None:
    assert local_time(AT, ZoneInfo(zone)) == expected
