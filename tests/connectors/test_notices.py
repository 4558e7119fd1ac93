"""What connectors tell staff, in the language of who reads it."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors import alerts as notices
from connectors.reddit import alerts as reddit_notices
from connectors.reddit.cursor import Mark
from connectors.x import alerts as x_notices
from core.alerts import Alert

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def told() -> list[Alert]:
    last = Mark(name="t3_1", created=NOW.timestamp())
    return [
        notices.gap_alert(
            name="tg", since=NOW - timedelta(hours=30), now=NOW, kept=timedelta(hours=24)
        ),
        reddit_notices.gap_alert(name="reddit", source="r/shop/new", last=last, now=NOW),
        *(
            x_notices.notice(
                kind, name="x", key="k", now=NOW, most=9, oldest="o", spent="5", until="u"
            )
            for kind in ("flood", "slow", "spent")
        ),
    ]


@pytest.mark.parametrize("alert", told(), ids=lambda alert: alert.key.partition(":")[0])
def test_each_language_stands_alone_and_all_together(alert: Alert) -> None:
    chinese, english = alert.localized("zh"), alert.localized("en")
    assert english.title.isascii()
    assert english.body.isascii()
    assert not chinese.title.isascii()
    assert "{" not in chinese.body + english.body
    assert alert.title == f"{chinese.title} / {english.title}", "a group may read either"
    assert alert.body == f"{chinese.body}\n{english.body}"
