from datetime import timedelta

import pytest

from core.taxonomy import Severity
from listeners.spread.activity import brand_post
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.severity import IncidentFacts, assess, facts_of
from tests.builders import MIDNIGHT, mention


def names(facts: IncidentFacts) -> list[str]:
    return [name for name, _ in assess(facts).reasons]


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        (IncidentFacts(harm=0.9), "P4"),
        (IncidentFacts(harm=0.9, risk=(("legal", 1),)), "P3"),
        (IncidentFacts(harm=0.9, authors=4), "P4"),
        (IncidentFacts(harm=0.9, authors=5), "P2"),
        (IncidentFacts(harm=0.9, burst=True), "P2"),
        (IncidentFacts(harm=0.9, forecast=300), "P3"),
        (IncidentFacts(harm=0.9, forecast=3000), "P2"),
        (IncidentFacts(harm=0.9, authors=30, forecast=1500), "P1"),
        (
            IncidentFacts(harm=0.9, authors=5, hours=7, followers=200_000, risk=(("press", 2),)),
            "P1",
        ),
        (IncidentFacts(harm=0.3, authors=300, forecast=9000, burst=True), "P4"),
        (IncidentFacts(harm=0.1, risk=(("food_poisoning", 2),)), "P1"),
        (IncidentFacts(harm=0.9, risk=(("food_poisoning", 1),)), "P3"),
    ],
)
def test_severity_follows_from_the_facts(facts: IncidentFacts, severity: Severity) -> None:
    assert assess(facts).severity == severity


def test_mostly_positive_posts_are_p4_with_that_reason() -> None:
    assert names(IncidentFacts(harm=0.1, authors=300))[0] == "harmless"


def test_every_fact_that_counts_is_a_reason_with_its_figure() -> None:
    facts = IncidentFacts(
        authors=40,
        harm=0.8,
        risk=(("injury", 2), ("press", 1)),
        forecast=1200.4,
        followers=150_000,
        hours=8,
        burst=True,
    )
    reasons = dict(assess(facts).reasons)
    assert reasons["grave"] == "injury"
    assert reasons["risk"] == "injury, press"
    assert (reasons["spreading"], reasons["fast"], reasons["lasting"]) == ("40", "40", "8")
    assert (reasons["very_far"], reasons["influential"]) == ("1200", "150000")
    assert "volume" in reasons


def test_duration_alone_gives_no_points() -> None:
    assert names(IncidentFacts(harm=0.9, hours=20, authors=2)) == []


def forecast_at(hour: int) -> float:
    """Forecast of an incident of forty posts within half an hour, from an hour of the day on."""
    incident = TrackedIncident(key="a", brand="hejia", title="")
    for n in range(40):
        at = MIDNIGHT + timedelta(hours=hour, seconds=45 * n)
        one = mention(n, posted_at=at, author=f"a{n}", complaint=0.9)
        post = brand_post("hejia", one, at.timestamp(), names=None)
        incident.activity.add(post, quiet=1e9)
    found = facts_of(incident, enough=5).forecast
    assert found is not None
    return found


def test_the_forecast_of_an_incident_knows_the_time_of_day() -> None:
    asleep, awake = forecast_at(17), forecast_at(2)  # one o'clock at night in Beijing, ten
    assert asleep != pytest.approx(awake, rel=0.005)
