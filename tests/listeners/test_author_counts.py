import pytest

from listeners.author_counts import AuthorCounts, Mark, _rarely_reached

HOUR = 3600.0
NOW = 1_800_000_000.0


def counts(floor: int = 3) -> AuthorCounts:
    return AuthorCounts(window=HOUR, floor=floor)


def add(into: AuthorCounts, at: float, author: str, seq: int, *, clock: float = NOW) -> bool:
    mark = Mark(at=at, seq=seq, author=author, channel="w", text="", risk=())
    return into.add(at, author, mark, clock=clock)


def test_a_late_mention_completes_the_window_it_belongs_to() -> None:
    found = counts()
    for seq, minutes in enumerate((0, 50, 100, 110)):
        add(found, NOW + minutes * 60, f"a{minutes}", seq, clock=NOW + 2 * HOUR)
    assert found.crowd(NOW + 110 * 60) is not None
    first = found.crowd(NOW + 50 * 60)
    assert first is not None
    # Three within an hour of one another, though four lie within an hour of the one in the middle.
    assert [mark.author for mark in first.marks] == ["a50", "a100", "a110"]


def test_what_comes_in_windows_too_late_is_not_counted() -> None:
    found = counts()
    for seq in range(40):
        add(found, NOW + seq, "somebody", seq)
    assert not add(found, NOW - 5 * HOUR, "late", 99)
    assert add(found, NOW - 3 * HOUR, "late", 100)


def test_figures_older_than_two_weeks_are_forgotten() -> None:
    found = counts()
    for seq in range(24 * 40):
        add(found, NOW + seq * HOUR, f"a{seq}", seq, clock=NOW + 40 * 24 * HOUR)
    assert max(found._figures) - min(found._figures) <= 14 * 24 * 4
    assert len(found._slots) <= 32


def test_scattered_dates_between_now_and_the_clock_stay_bounded() -> None:
    found = counts()
    for seq in range(2000):
        # Every other mention is dated somewhere else, and the middle of them stays where it is.
        at = NOW if seq % 2 else NOW + (seq % 97) * 24 * HOUR
        add(found, at, f"a{seq}", seq, clock=NOW + 100 * 24 * HOUR)
    assert len(found._slots) <= 32


@pytest.mark.parametrize(
    ("mean", "least", "most"), [(0, 1, 1), (1, 8, 10), (20, 40, 46), (900, 1020, 1040)]
)
def test_how_many_are_rarely_reached(mean: float, least: int, most: int) -> None:
    assert least <= _rarely_reached(mean) <= most
