"""Named points: counted, and unknown names refused."""

import pytest

from core import checkpoints


def test_the_nth_time_acts_once() -> None:
    acts: list[int] = []
    observer = checkpoints.countdown("after-record:2", lambda: acts.append(1))
    for name in ("after-record", "after-match", "after-record", "after-record"):
        observer(name)
    assert acts == [1]


def test_without_a_number_it_is_the_first_time() -> None:
    acts: list[int] = []
    checkpoints.countdown("after-send", lambda: acts.append(1))("after-send")
    assert acts == [1]


def test_an_unknown_point_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="after-record"):
        checkpoints.countdown("lunch", lambda: None)
