"""Alerts through real receivers that fail: none is lost, and none reaches staff twice."""

from pathlib import Path

import pytest

from benchmarks.alert_delivery import FAULTS, deliver


@pytest.mark.slow
@pytest.mark.parametrize("asked", [True, False])
async def test_no_alert_is_lost_and_none_reaches_staff_twice(tmp_path: Path, asked: bool) -> None:
    results = await deliver(200, tmp_path, asked=asked, patience=60)
    assert [found.fault for found in results] == list(FAULTS)
    assert {found.fault: found.missed for found in results} == dict.fromkeys(FAULTS, 0)
    assert {found.fault: found.told_twice for found in results} == dict.fromkeys(FAULTS, 0)
    again = {found.fault: found.taken_again for found in results}
    if asked:
        assert max(again.values()) <= 200 * 0.01, "what has it is not sent it again"
    else:
        assert again["resets"] > 0, "the receivers do hang up on what they have taken"
