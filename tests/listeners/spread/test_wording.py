import pytest

from listeners.spread.wording import headline

LONG = (
    "给娃买的禾家自制吐司，江湾店昨天的小票还在，打开整片发霉，绿的黑的都有，"
    "娃已经咬了一口，我手都在抖"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("面包发霉了", "面包发霉了"),
        ("天哪//@甲:顶//@乙:禾家朝阳店的面包\n发霉了 http://t.cn/x", "禾家朝阳店的面包 发霉了"),
        (LONG, "给娃买的禾家自制吐司，江湾店昨天的小票还在，打开整片发霉，绿的黑的都有…"),
        ("啊" * 60, "啊" * 40 + "…"),
        ("@禾家超市", "@禾家超市"),
        ("", ""),
    ],
)
def test_a_matter_is_called_by_the_beginning_of_a_post(text: str, expected: str) -> None:
    assert headline(text) == expected
