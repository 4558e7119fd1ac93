import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.errors import InputError
from listeners.spread import recordings
from listeners.spread.backtests import Row, cascade_forecasts, incident_groups, volume_alarms
from tests.listeners.spread.test_volume import START, ordinary


def csv_lines(values: list[float]) -> list[str]:
    times = (START + number * timedelta(minutes=5) for number in range(len(values)))
    pairs = zip(times, values, strict=True)
    return ["timestamp,value\n", *(f"{at:%Y-%m-%d %H:%M:%S},{value:g}\n" for at, value in pairs)]


def burst() -> list[str]:
    values = ordinary(7)
    values[6 * 288 : 6 * 288 + 24] = [80.0] * 24
    return csv_lines(values)


def forecasts(*records: dict[str, object]) -> Iterator[Row]:
    return cascade_forecasts((json.dumps(record) for record in records), [600.0, 3600.0])


def cascade(name: str, size: int, **more: object) -> dict[str, object]:
    events = np.sort(np.random.default_rng(1).exponential(3000, size)).tolist()
    return {"id": name, "events": events, **more}


def test_a_burst_is_one_row_with_the_time_as_written() -> None:
    found = list(volume_alarms(burst()))
    assert len(found) == 1
    assert str(found[0]["time"]).startswith("2026-03-08 00:")
    assert found[0]["value"] == 80
    assert float(found[0]["z"]) >= 7.75
    assert 0 < float(found[0]["expected"]) < 20
    assert list(volume_alarms(burst(), threshold=1e6)) == []


def test_header_and_empty_lines_are_optional() -> None:
    assert len(list(volume_alarms(["", *burst()[1:], "\n"]))) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2026-03-08 00:00:00,nan", "'nan' is not a count"),
        ("2026-03-08 00:00:00,-1", "'-1' is not a count"),
        ("2026-03-08 00:00:00,1e300", "is not a count"),
        ("2026-03-08 00:00:00,", "'' is not a count"),
        ("2026-03-08 00:00:00", "one column"),
        ("2020-03-08 00:00:00,5", "not after the line before"),
        ("yesterday,5", "'yesterday' is not a time"),
        ("0001-01-01T00:00:00+14:00,5", "is not a time"),
        ('"2026,5', "write timestamp,value"),
        ("2026-03-08 00:00:00," + "9" * 100, "is not a count"),
    ],
)
def test_an_invalid_bin_is_reported_with_its_line(line: str, message: str) -> None:
    with pytest.raises(InputError, match=f"line 21: .*{message}"):
        list(volume_alarms([*csv_lines(ordinary(1))[:20], line]))


def test_an_overlong_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MAX_LINE_CHARACTERS", 100)
    with pytest.raises(InputError, match="line 1: longer than 100"):
        list(incident_groups(["x" * 101]))


def test_fewer_than_two_bins_are_refused() -> None:
    with pytest.raises(InputError, match="fewer than two bins"):
        list(volume_alarms(["timestamp,value", "2026-03-08 00:00:00,5"]))


def test_bins_longer_than_three_hours_are_refused() -> None:
    with pytest.raises(InputError, match="bins of 86400 seconds"):
        list(volume_alarms(["2026-03-08,5", "2026-03-09,5"]))


def test_each_cascade_is_forecast_at_each_time() -> None:
    found = list(forecasts(cascade("a", 300), cascade("b", 100)))
    assert [(row["id"], row["observe"]) for row in found] == [
        ("a", 600.0),
        ("a", 3600.0),
        ("b", 600.0),
        ("b", 3600.0),
    ]
    for row in found:
        low, middle, high = (float(row[name]) for name in ("low", "forecast", "high"))
        assert float(row["observed"]) <= low <= middle <= high


def test_events_may_come_in_any_order() -> None:
    events = [500, 3, 70, 900]
    one = list(forecasts({"id": 1, "events": events}))
    assert one == list(forecasts({"id": "1", "events": sorted(events)}))


def test_events_after_the_observation_are_not_used() -> None:
    whole = cascade("a", 300)
    events = [float(event) for event in np.array(whole["events"])]
    past = list(forecasts({"id": "a", "events": [event for event in events if event <= 3600]}))
    assert list(forecasts(whole)) == past


def test_polls_are_accepted_instead_of_events() -> None:
    polls = [[300, 40], [600, 90], [3600, 200]]
    found = list(forecasts({"id": "a", "polls": polls, "channel": "weibo", "author_followers": 3}))
    assert [row["observed"] for row in found] == [90, 200]


def dated(name: str, size: int, day: int) -> dict[str, object]:
    posted = (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day)).isoformat()
    return cascade(name, size, posted_at=posted, channel="weibo")


def test_the_interval_is_calibrated_by_ended_cascades_only() -> None:
    plain = list(forecasts(dated("z", 300, 100)))
    surprising = [dated(str(n), 300, n) for n in range(40)]
    for record in surprising:
        record["events"] = [*np.array(record["events"]), *range(5000, 100_000, 10)]
    taught = list(forecasts(*surprising, dated("z", 300, 100)))[-2:]
    assert float(taught[0]["high"]) > 1.05 * float(plain[0]["high"])
    assert taught[0]["forecast"] == pytest.approx(plain[0]["forecast"], rel=0.02)
    too_early = list(forecasts(*surprising[:6], dated("z", 300, 6)))[-2:]
    assert too_early == list(forecasts(dated("z", 300, 6)))
    backwards = list(forecasts(*surprising, dated("y", 300, 101), dated("z", 300, 100)))[-2:]
    assert backwards[0]["high"] == plain[0]["high"]


@pytest.mark.parametrize("factor", [0.7, 1.35])
def test_the_forecast_moves_towards_recent_outcomes(factor: float) -> None:
    """The outcomes are a third above the forecast, or below it."""
    plain = list(forecasts(dated("z", 300, 100)))
    seen = int(plain[1]["observed"])
    more = max(0, round(float(plain[1]["forecast"]) * factor) - seen)
    drifted = [dated(str(n), 300, n) for n in range(60)]
    for record in drifted:
        early = [one for one in np.array(record["events"]).tolist() if one <= 3600]
        record["events"] = [*early, *np.linspace(5000, 100_000, more).tolist()]
    taught = list(forecasts(*drifted, dated("z", 300, 100)))[-1]
    moved = float(taught["forecast"]) / float(plain[1]["forecast"])
    assert 1.02 < moved ** (1 if factor > 1 else -1) < 1.35


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not an object"),
        ('{"events": []}', "give each line an id"),
        ('{"id": true, "events": []}', "give each line an id"),
        ('{"id": 1}', "neither events nor polls"),
        ('{"id": 1, "events": 5}', "events: give a list"),
        ('{"id": 1, "events": [-1]}', "events: -1 is not a number of seconds"),
        ('{"id": 1, "events": [NaN]}', "events: nan is not a number"),
        ('{"id": 1, "events": ["1"]}', "events: 1 is not a number"),
        ('{"id": 1, "events": [true]}', "events: True is not a number"),
        ('{"id": 1, "polls": [[1]]}', "polls: give pairs"),
        ('{"id": 1, "polls": [7]}', "polls: give a list"),
        ('{"id": 1, "events": [], "posted_at": "soon"}', "'soon' is not a time"),
        ('{"id": 1, "events": [], "posted_at": 7}', "'7' is not a time"),
        ('{"id": 1, "events": [], "author_followers": "many"}', "author_followers"),
        ('{"id": 1, "events": [], "author_followers": true}', "author_followers"),
        ('{"id": 1, "events": [], "channel": 7}', "channel"),
    ],
)
def test_an_invalid_cascade_is_reported_with_its_line(line: str, message: str) -> None:
    with pytest.raises(InputError, match=f"line 2: .*{message}"):
        list(cascade_forecasts(['{"id": 0, "events": []}', line], [600.0]))


@pytest.mark.parametrize("observe", [0.0, -5.0, float("nan"), 1e12])
def test_an_observation_time_out_of_range_is_refused(observe: float) -> None:
    with pytest.raises(InputError, match="give a time"):
        list(cascade_forecasts([], [observe]))


def post(name: str, minute: int, text: str) -> str:
    at = (START + timedelta(minutes=minute)).isoformat()
    return json.dumps({"id": name, "posted_at": at, "text": text})


def test_posts_are_grouped_by_time_and_returned_in_file_order() -> None:
    text = "禾家超市朝阳店的面包发霉了，孩子吃了以后上吐下泻"
    lines = [post("late", 9, text + "！"), post("other", 5, "排队排了一个小时"), post("a", 1, text)]
    found = {str(row["id"]): row["incident"] for row in incident_groups(lines)}
    assert list(found) == ["late", "other", "a"]
    assert found["late"] == found["a"] != found["other"]
    alone = next(iter(incident_groups(lines[2:])))
    assert found["a"] == alone["incident"]


def test_merged_incidents_have_one_id_even_after_eviction() -> None:
    words = [f"word{number}" for number in range(600)]
    noise = [post(f"n{n}", 0, " ".join(words[n * 10 : n * 10 + 10])) for n in range(50)]
    lines = [
        *noise,
        post("a", 10, "Riverside halibut smoke alarm"),
        post("b", 11, "Broadgate trolley doors jammed"),
        post("c", 12, "Riverside halibut smoke alarm Broadgate trolley doors jammed"),
        post("z", 99_999, "nothing to do with it"),
    ]
    found = {str(row["id"]): row["incident"] for row in incident_groups(lines)}
    assert found["a"] == found["b"] == found["c"] != found["z"]


def test_an_invalid_post_is_reported_with_its_line() -> None:
    with pytest.raises(InputError, match="line 1: text: give a text"):
        list(incident_groups(['{"id": 1, "posted_at": "2026-01-01", "text": 7}']))
