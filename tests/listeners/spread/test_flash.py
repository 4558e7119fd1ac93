from collections.abc import Iterable

from listeners.spread.activity import BrandPost, brand_post
from listeners.spread.flash import WINDOW, FlashLane
from tests.builders import mention


def post(n: int, at: float, *, harm: float = 0.9, ill: bool = False, author: str = "") -> BrandPost:
    one = mention(
        n,
        author=author or f"a{n}",
        text=f"禾家 {n}",
        complaint=harm,
        risk=("food_poisoning",) if ill else (),
    )
    return brand_post("hejia", one, at, names=None)


def flashes(posts: Iterable[BrandPost], lane: FlashLane | None = None) -> list[int]:
    """BrandPost.seq of the posts with which a flash was found."""
    lane = lane or FlashLane(authors=5)
    return [one.seq for one in posts if lane.add(one, is_alerted=lambda _: False)]


def test_ten_people_within_a_quarter_of_an_hour_are_a_flash() -> None:
    assert flashes(post(n, 60 * n) for n in range(10)) == [9]
    assert flashes(post(n, 120 * n) for n in range(30)) == []


def test_one_person_is_no_flash() -> None:
    assert flashes(post(n, n, author="the same") for n in range(50)) == []


def test_harmless_posts_are_no_flash() -> None:
    assert flashes(post(n, n, harm=0.3) for n in range(50)) == []


def test_grave_harm_counts_for_more() -> None:
    assert flashes(post(n, 180 * n, ill=True) for n in range(4)) == [3]
    assert flashes(post(n, 180 * n, ill=True) for n in range(3)) == []


def test_posts_of_alerted_incidents_are_left_out() -> None:
    lane = FlashLane(authors=5)
    assert not [n for n in range(50) if lane.add(post(n, n), is_alerted=lambda _: True)]
    assert flashes((post(n, 60 + n) for n in range(100, 109)), lane) == []


def test_a_brand_that_is_always_complained_about_has_a_higher_bar() -> None:
    lane = FlashLane(authors=5)
    usual = [post(n, n * WINDOW / 8) for n in range(8 * 96)]
    assert flashes(usual, lane) == []
    burst = [post(10_000 + n, 96 * WINDOW + 10 * n) for n in range(80)]
    [first, *_] = flashes(burst, lane)
    assert 10_015 < first < 10_060
