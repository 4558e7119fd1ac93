"""The evidence of an alert is chosen among posts that share words with most others."""

from listeners.spread.activity import BrandPost, brand_post
from listeners.spread.incidents.wording import representative_posts
from tests.builders import MIDNIGHT, mention

MOULD = (
    "禾家的面包长毛了，孩子吃了拉肚子",
    "面包发霉还在卖，孩子吃了上吐下泻",
    "在禾家买的面包有霉斑，孩子肚子疼",
    "面包霉成这样，孩子吃坏了肚子谁负责",
)
BY_CHANCE = ("禾家天天给我发短信，退订了还发", "电池拆开了还能退吗，等了三天没人理")


def posts(*texts: str, positive: bool = False, first: int = 1) -> list[BrandPost]:
    made = [
        mention(
            number,
            posted_at=MIDNIGHT,
            author=f"u{number}",
            text=text,
            sentiment="positive" if positive else "negative",
        )
        for number, text in enumerate(texts, first)
    ]
    return [brand_post("hejia", one, MIDNIGHT.timestamp() + one.seq, names=None) for one in made]


def test_a_coincidental_post_comes_last() -> None:
    found = [post.text for post in representative_posts(posts(*MOULD, *BY_CHANCE), 6)]
    assert set(found[:4]) == set(MOULD)
    assert set(found[4:]) <= set(BY_CHANCE)


def test_adverse_posts_come_first() -> None:
    praise = posts("面包发霉？孩子吃了一直说好吃，肚子好好的", positive=True)
    found = representative_posts([*praise, *posts(*MOULD, first=2)], 9)
    assert found[-1] == praise[0]


def test_of_equal_texts_the_latest_is_shown() -> None:
    copies = posts(*(f"{MOULD[0]}！{end}" for end in ("", "转发", "大家注意")))
    assert [post.seq for post in representative_posts(copies, 5)] in ([1], [2], [3])
    assert [post.seq for post in representative_posts(posts(*[MOULD[0]] * 4), 5)] == [4]


def test_the_number_of_posts_is_bounded_and_not_zero() -> None:
    assert len(representative_posts(posts(*MOULD), 2)) == 2
    assert [post.text for post in representative_posts(posts("🤮🤮"), 5)] == ["🤮🤮"]
    assert representative_posts(posts(" ", ""), 5) == []
    assert representative_posts([], 5) == []
