"""Alerts through real receivers that fail: none is missed, and none is told twice."""

from pathlib import Path

from benchmarks.alert_delivery import FAULTS, deliver


async def test_none_is_missed_and_none_is_told_twice(tmp_path: Path) -> None:
    results = await deliver(200, tmp_path, patience=60)
    assert [found.fault for found in results] == list(FAULTS)
    assert {found.fault: found.missed for found in results} == dict.fromkeys(FAULTS, 0)
    assert {found.fault: found.repeated for found in results} == dict.fromkeys(FAULTS, 0)
    healthy = results[0]
    assert healthy.wire == 0
    assert healthy.seconds <= min(found.seconds for found in results[1:]) + 2, "nobody delays it"
