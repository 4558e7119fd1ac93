import pytest

from core.settings import BrandSettings
from listeners.matching.matcher import BrandMatcher
from listeners.text.homoglyphs import may_be_obfuscated, phonetic_key, visual_key


def names(text: str, *terms: str) -> bool:
    brand = BrandSettings(id="b", name="b", terms=terms)
    return BrandMatcher((brand,), channel_brands={}, default=None).brands_in(text) == ("b",)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("Wаlmаrt is closed", "Walmart"),
        ("WaImart is closed", "Walmart"),
        ("wa1mart", "Walmart"),
        ("w@lm@rt", "Walmart"),
        ("$ainsbury's", "Sainsbury"),
        ("Сosтсo", "Costco"),
        ("cosϲo", "Cosco"),
        ("Ｗàłmärt", "Walmart"),
        ("🅆🄰🄻🄼🄰🅁🅃", "Walmart"),
        ("🅰🅻🅳🅸", "Aldi"),
        ("🇦🇱🇩🇮", "Aldi"),
        ("W|a|l|m|a|r|t", "Walmart"),
        ("h😀e😀j😀i😀a", "Hejia"),
        ("永輝的面包", "永辉"),
        ("盒馬", "盒马"),
        ("沃尓玛和沃尔吗", "沃尔玛"),
        ("在犬润发买的", "大润发"),
    ],
)
def test_look_alikes_are_read_as_the_name(text: str, term: str) -> None:
    assert names(text, term)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("曝光勇灰", "永辉"),
        ("去荷佳买菜", "禾家"),
        ("和家超市的面包", "禾家"),
        ("别去大闰法", "大润发"),
        ("hema的牛奶", "盒马"),
        ("he ma的牛奶", "盒马"),
        ("HÉMǍ", "盒马"),
        ("盒ma真贵", "盒马"),
        ("lvyuan", "绿源"),
        ("luyuan", "绿源"),
        ("重庆百货", "重庆百货"),
        ("崇庆百货", "重庆百货"),
        ("来河马买菜", "盒马"),
    ],
)
def test_homophones_are_recognised(text: str, term: str) -> None:
    assert names(text, term)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("我和家人一起吃饭", "禾家"),
        ("适合佳能相机", "禾家"),
        ("check your mail", "Mall"),
        ("only 50 left", "So"),
        ("many women came", "我们"),
        ("勇", "永"),
        ("说沃二麻烦你们了", "沃尔玛仓储"),
        ("schema of the shop", "盒马"),
        ("大家好", "太家"),
    ],
)
def test_chance_resemblance_is_not_matched(text: str, term: str) -> None:
    assert not names(text, term)


def test_plain_letters_and_numbers_stand_for_themselves() -> None:
    assert may_be_obfuscated("wa1mart", "walmart")
    assert not may_be_obfuscated("mail", "mall")
    assert not may_be_obfuscated("50", "so")


def test_mappings_keep_positions() -> None:
    text = "禾家 hejia 巳 ё ß ﷺ".casefold()
    assert len(visual_key(text)) == len(text) == len(phonetic_key(text))
    assert visual_key("巳") == visual_key("己") == visual_key("已")
