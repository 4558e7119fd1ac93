from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listeners.spread.cascades.conformal import (
    MAX_BIAS,
    MAX_SCALE,
    ForecastCalibration,
    recalibrate,
)
from listeners.spread.cascades.features import (
    CIRCUMSTANCES,
    FEATURES,
    SIZED,
    Cascade,
    active_seconds,
    describe,
    events_from_polls,
)
from listeners.spread.cascades.forecast import HORIZON, Forecast, forecast, shipped_model

MODEL = shipped_model()


def growing(size: int, *, seconds: float = 1200.0, seed: int = 1) -> np.ndarray:
    """Times of a cascade that slows down."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.exponential(seconds, size))


def seen(events: np.ndarray, observe: float, **known: object) -> Forecast:
    return forecast(Cascade(events=events), observe, model=MODEL)


def test_events_after_the_observation_are_ignored() -> None:
    events = growing(400)
    past = events[events <= 3600]
    assert seen(events, 3600) == seen(past, 3600)
    late = np.append(past, [3600.5, 4000, 500_000])
    assert seen(late, 3600) == seen(past, 3600)


def test_an_event_at_the_observation_counts() -> None:
    assert seen(np.array([1.0, 600.0]), 600).observed == 2


def test_a_fast_post_goes_further_than_a_fading_one() -> None:
    fast = seen(np.linspace(0, 3600, 200), 3600)
    fading = seen(np.linspace(0, 600, 200), 3600)
    assert fast.observed == fading.observed == 200
    assert fast.final > 1.3 * fading.final


def test_the_forecast_scales_with_size_beyond_the_training_data() -> None:
    """Ten times 4,000 reposts is beyond every size in the training data."""
    shape = np.linspace(0, 3600, 4000)
    once = seen(shape, 3600).final
    tenfold = seen(np.repeat(shape, 10), 3600).final
    assert tenfold == pytest.approx(10 * once, rel=0.25)


@pytest.mark.parametrize("observe", [60, 300, 450, 600, 3600, 7200, 86_400, 200_000, 604_799])
def test_the_interval_contains_the_forecast_and_not_less_than_observed(observe: float) -> None:
    found = seen(growing(300), observe)
    assert found.observed <= found.low <= found.final <= found.high


def test_at_the_horizon_the_forecast_is_the_observed_size() -> None:
    found = seen(growing(300), HORIZON)
    assert found.low == found.final == found.high == 300
    almost = seen(growing(300), HORIZON - 1)
    assert almost.final == pytest.approx(300, abs=2)


def test_a_nearer_horizon_has_less_growth() -> None:
    cascade = Cascade(events=growing(300, seconds=30_000))
    day, week = (
        forecast(cascade, 3600, model=MODEL, horizon=horizon).final for horizon in (86_400, HORIZON)
    )
    observed = seen(growing(300, seconds=30_000), 3600).observed
    assert observed < day < week


def test_before_the_horizon_the_interval_is_wider_than_its_share_of_growth() -> None:
    """Some posts grow early and some late."""
    cascade = Cascade(events=growing(300, seconds=30_000))
    soon, week = (
        forecast(cascade, 3600, model=MODEL, horizon=horizon) for horizon in (21_600, HORIZON)
    )
    part = (soon.final - soon.observed) / (week.final - week.observed)
    assert soon.observed <= soon.low < soon.observed + part * (week.low - week.observed) - 1
    assert soon.high > soon.observed + part * (week.high - week.observed) + 2


def test_circumstances_are_optional() -> None:
    events = growing(300)
    full = Cascade(
        events=events,
        channel="weibo",
        posted_at=datetime(2026, 3, 2, 3, tzinfo=UTC),
        followers=10_000,
    )
    assert forecast(full, 600, model=MODEL).final > 0
    assert seen(events, 600).final > 0
    row = describe(Cascade(events=events), 600)
    assert np.isnan(row[-CIRCUMSTANCES:]).all()
    assert not np.isnan(row[:-CIRCUMSTANCES]).any()
    assert not np.isnan(describe(full, 600)).any()
    assert describe(Cascade(events=events, channel="X"), 600)[-1] == 0.0
    assert np.isnan(describe(Cascade(events=events, channel="fax", followers=-1), 600)[-2])


def test_only_the_first_features_depend_on_size() -> None:
    shape = np.linspace(1, 3600, 3000)
    once = describe(Cascade(events=shape), 3600)
    twice = describe(Cascade(events=np.repeat(shape, 2)), 3600)
    assert len(once) == FEATURES
    change = np.abs(once[SIZED:] - twice[SIZED:])
    assert np.nanmax(change) < 0.5
    assert np.nanmedian(change) < 0.01
    assert twice[0] - once[0] == pytest.approx(np.log(2), abs=0.01)


def test_polls_give_nearly_the_same_forecast_as_events() -> None:
    events = np.sort(np.random.default_rng(4).exponential(3000, 500))
    polls = [(t, int((events <= t).sum())) for t in range(300, 3601, 300)]
    exact, polled = (
        seen(events, 3600).final,
        forecast(events_from_polls(polls), 3600, model=MODEL).final,
    )
    assert polled == pytest.approx(exact, rel=0.25)


def test_polls_may_be_unordered_and_decreasing() -> None:
    cascade = events_from_polls([(900, 8), (300, 5), (600, 3), (-5, -2)])
    assert len(cascade.events) == 8
    assert (np.diff(cascade.events) >= 0).all()
    assert (cascade.events <= 300).sum() == 5
    assert not len(events_from_polls([]).events)


def test_the_number_of_events_made_from_polls_is_bounded() -> None:
    cascade = events_from_polls([(3600, 1_000_000)])
    assert len(cascade.events) == 5000
    found = forecast(cascade, 3600, model=MODEL)
    assert found.observed == 1_000_000
    assert found.final >= 1_000_000


def test_a_calibration_widens_the_interval() -> None:
    cascade = Cascade(events=growing(200))
    plain = forecast(cascade, 600, model=MODEL)
    wide = forecast(
        cascade, 600, model=MODEL, calibration=ForecastCalibration(below=2.0, above=2.0)
    )
    assert wide.low <= plain.low
    assert wide.high > plain.high
    assert wide.final == plain.final


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_calibration_converges_to_80_percent_coverage(scale: float) -> None:
    """Whatever the interval covers at first, one outcome in ten ends up beyond either side."""
    rng = np.random.default_rng(2)
    calibration, inside = ForecastCalibration(), []
    for _ in range(4000):
        truth = 100 * float(np.exp(rng.normal()))
        reach = 1.28 * scale
        low, high = (
            100 * np.exp(-reach * calibration.below),
            100 * np.exp(reach * calibration.above),
        )
        inside.append(low <= truth <= high)
        calibration = recalibrate(calibration, forecast=100, low=low, high=high, final=truth)
    assert np.mean(inside[2000:]) == pytest.approx(0.8, abs=0.03)


def test_the_scale_is_bounded() -> None:
    calibration = ForecastCalibration()
    for _ in range(500):
        calibration = recalibrate(calibration, forecast=15, low=10, high=20, final=1000)
    assert calibration.above == MAX_SCALE
    assert calibration.below >= 1 / MAX_SCALE


@pytest.mark.parametrize("far", [2000.0, 5.0])
def test_the_bias_finds_the_mode_of_outcomes(far: float) -> None:
    """A third of outcomes far above or below the forecast does not move it."""
    rng = np.random.default_rng(3)
    calibration = ForecastCalibration()
    for _ in range(3000):
        truth = far if rng.random() < 1 / 3 else 120 * float(np.exp(rng.normal(0, 0.1)))
        said = 100 * float(np.exp(calibration.bias))
        calibration = recalibrate(calibration, forecast=said, low=1, high=1e9, final=truth)
    assert np.exp(calibration.bias) == pytest.approx(1.2, abs=0.06)


def test_the_bias_is_bounded_and_moves_the_forecast() -> None:
    calibration = ForecastCalibration()
    for _ in range(3000):
        calibration = recalibrate(calibration, forecast=130, low=1, high=1e9, final=100)
    assert calibration.bias == -MAX_BIAS
    plain = seen(growing(300), 600)
    leaned = forecast(Cascade(events=growing(300)), 600, model=MODEL, calibration=calibration)
    assert plain.observed <= leaned.final < plain.final
    ended = forecast(Cascade(events=growing(300)), HORIZON, model=MODEL, calibration=calibration)
    assert ended.final == 300


def test_the_bias_fades_out_with_growth() -> None:
    late = Cascade(events=growing(300))
    calibration = ForecastCalibration(bias=MAX_BIAS)
    week, day = (
        forecast(late, observe, model=MODEL, calibration=calibration).final
        / forecast(late, observe, model=MODEL).final
        for observe in (600_000, 86_400)
    )
    assert 1 <= week < 1.01 < day


def test_an_hour_at_night_has_fewer_active_seconds() -> None:
    """Three and ten in the morning in Beijing."""
    hour = np.array([3600.0])
    night = active_seconds(datetime(2026, 3, 1, 19, tzinfo=UTC), hour)[0]
    morning = active_seconds(datetime(2026, 3, 2, 2, tzinfo=UTC), hour)[0]
    assert night < 1800
    assert morning > 3600
    days = active_seconds(
        datetime(2026, 3, 1, 19, tzinfo=UTC), np.array([0.0, 86_400.0, 604_800.0])
    )
    assert days == pytest.approx([0, 86_400, 604_800])


def test_the_same_curve_grows_further_in_the_morning_than_in_the_evening() -> None:
    """The posts are of six in the morning and eight in the evening in Beijing."""
    events = growing(120, seconds=900)
    early, late = (
        forecast(
            Cascade(
                events=events, channel="weibo", posted_at=datetime(2026, 3, 2, hour, tzinfo=UTC)
            ),
            3600,
            model=MODEL,
        ).final
        for hour in (22, 12)
    )
    assert early > late


@pytest.mark.parametrize("year", [1, 9999])
def test_any_date_is_accepted(year: int) -> None:
    posted = datetime(year, 12, 31, 23, tzinfo=UTC)
    found = forecast(Cascade(events=growing(50), posted_at=posted), 3600, model=MODEL)
    assert np.isfinite(found.final)


def test_the_day_cycle_is_not_applied_to_x() -> None:
    events = growing(300)
    dated = Cascade(events=events, channel="x", posted_at=datetime(2026, 3, 2, 3, tzinfo=UTC))
    undated = Cascade(events=events, channel="x")
    assert forecast(dated, 3600, model=MODEL) == forecast(undated, 3600, model=MODEL)


@pytest.mark.parametrize("size", [50, 123, 300])
def test_bounds_are_whole_numbers(size: int) -> None:
    found = seen(growing(size), 1200)
    assert found.low < found.final < found.high
    assert found.low == int(found.low)
    assert found.high == int(found.high)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), max_size=60), st.floats(1, 1e6))
def test_any_cascade_is_forecast(times: list[float], observe: float) -> None:
    found = seen(np.sort(np.array(times)), observe)
    assert np.isfinite([found.final, found.low, found.high]).all()
    assert found.observed <= found.low <= found.final <= found.high


def upper(events: np.ndarray) -> float:
    """Upper bound over the forecast of an hour's reposts."""
    found = seen(events, 3600)
    return found.high / found.final


def test_a_large_post_that_goes_on_steadily_may_go_much_further() -> None:
    rng = np.random.default_rng(3)
    steady, fading = np.sort(rng.uniform(0, 3600, 900)), np.sort(rng.exponential(500, 900))
    assert upper(steady) > 1.3 * upper(fading)
