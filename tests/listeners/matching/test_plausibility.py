"""Names that come about by chance: inside words, after amounts, in people, by sound."""

import pytest

from core.settings import BrandSettings
from listeners.matching.matcher import BrandMatcher

INSIDE_WORDS = {
    "盒马": (
        "一盒马卡龙送朋友",
        "两盒马铃薯泥",
        "买了三盒马蹄糕",
        "5盒马芬蛋糕",
        "12盒马卡龙",
        "半盒马肉干",
        "每盒马口铁罐头",
        "这盒马卡龙太甜了",
        "礼盒马克杯套装",
        "几盒马齿苋",
        "饭盒马上洗",
        "纸盒马桶刷",
        "第二盒马卡龙都化了",
        "两盒马来西亚白咖啡",
        "一盒馬卡龍",
    ),
    "永辉": ("永辉煌", "张永辉昨天结婚了", "李永辉老师讲得真好", "永辉先生您好", "我同事王永辉"),
    "大润发": ("她的头发很大润发乳用完了",),
    "物美": (
        "物美价廉",
        "价廉物美",
        "东西物美廉价",
        "真是物美价兼",
        "价优物美",
        "食物美味",
        "动物美容院",
        "宠物美容",
        "建筑物美轮美奂",
    ),
    "京东": (
        "南京东路步行街",
        "北京东城区",
        "北京东站",
        "南京东南大学",
        "南京·东南大学",
        "北京~东京",
    ),
    "华为": ("中华为之骄傲", "升华为", "精华为什么这么贵"),
    "联华": ("苏联华侨", "对联华丽"),
    "淘宝": ("淘宝贝",),
    "全家": ("安全家园", "健全家庭"),
    "步步高": ("祝您步步高升",),
    "海底捞": ("海底捞针", "海底捞月"),
    "禾家": ("田禾家园",),
}
NAMES = {
    "盒马": (
        "去盒马买了一盒马卡龙",
        "双十一盒马打折",
        "618盒马有活动吗",
        "盒马上新了",
        "盒马上架了草莓",
        "盒马路过看看",
        "今天盒马又涨价",
        "两盒盒马工坊水饺",
        "盒马马上就到",
        "盒马的马铃薯",
        "买了一盒马卡龙，盒马的",
    ),
    "永辉": (
        "上周永辉打折",
        "一张永辉购物卡",
        "位于永辉对面",
        "每周永辉都有活动",
        "张永辉超市",
        "开张永辉店",
        "永辉说明天发货",
        "于是永辉道歉了",
        "永辉辉煌不再",
    ),
    "京东": ("京东东西很好", "北京京东仓", "京东方便", "在京东买", "我爱京东"),
    "物美": ("去物美买菜", "物美美食节", "动物园旁边的物美", "物美大卖场", "物美价格高"),
    "华为": ("华为为什么贵", "我用华为"),
    "华润": ("华润万家", "中国华润"),
    "淘宝": ("淘宝网", "淘宝宝贝"),
    "家乐福": ("一家家乐福", "这家乐福超市"),
    "茅台": ("茅台酒",),
    "步步高": ("步步高超市",),
    "禾家": ("嘉禾家园楼下禾家超市", "在禾家园区店", "禾家家的面包"),
}
PEOPLE = {
    "禾家": (
        "何佳今天结婚了",
        "贺佳老师的课太差了",
        "何佳又迟到了，气死",
        "何佳说她明天来",
        "我和何佳是同学",
        "何嘉的生日快到了",
        "贺嘉女士您好",
        "贺加先生",
        "和何佳逛超市去了",
        "何佳昨天去超市买菜",
        "跟贺佳一起去买面包",
        "我叫何佳",
        "室友何佳天天熬夜",
        "何嘉妈妈做的面包真香",
        "何佳她家猫丢了",
        "在何佳家里吃饭",
        "祝贺佳节快乐",
        "李禾嘉考上了",
        "何佳考了第一名",
        "He Jia is my classmate",
    ),
    "永辉": ("咏慧生日快乐", "张勇辉被抓了", "勇慧老师", "李咏晖"),
    "家乐福": ("贾乐福是我们班长",),
}
ORDINARY = {
    "盒马": ("河马张开大嘴", "动物园看河马", "河马上吐下泻", "能不能喝嘛", "再发两盒吗", "俺妈"),
    "鲜丰": ("先锋音乐节", "咸丰年间"),
    "家乐福": ("古乐府诗",),
    "京东": ("不惊动别人", "口罩//@镜动:在"),
    "淘宝": ("投桃报李",),
}
OBFUSCATED = {
    "禾家": (
        "荷佳超市的面包发霉",
        "去荷佳买菜",
        "何佳超市面包发霉了",
        "在何佳买的牛奶过期了",
        "曝光何佳，缺斤少两",
        "贺嘉几点关门",
        "何佳会员续费怎么取消",
        "楼下新开了一家贺佳",
        "再也不去何嘉了",
        "何佳的面包发霉了，要退款",
        "贺佳客服半天不回",
        "到贺家逛了一圈",
        "何佳门店",
        "核家的收银员",
        "何嘉官方回复",
        "he jia超市",
        "再也不去he jia了",
    ),
    "永辉": ("曝光勇灰", "去咏慧买鱼", "永惠生鲜", "勇慧的自助结账坏了"),
    "盒马": ("来河马买菜", "河马生鲜", "盒吗会员续费", "合马的虾死了", "河马app"),
    "叮咚买菜": ("ding dong mai cai",),
}


def pairs(lists: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(term, text) for term, texts in lists.items() for text in texts]


def is_named(term: str, text: str) -> bool:
    brand = BrandSettings(id="b", name="b", terms=(term,))
    return BrandMatcher((brand,), channel_brands={}, default=None).brands_in(text) == ("b",)


@pytest.mark.parametrize(("term", "text"), pairs(INSIDE_WORDS))
def test_a_name_inside_other_words_is_none(term: str, text: str) -> None:
    assert not is_named(term, text)


@pytest.mark.parametrize(("term", "text"), pairs(NAMES))
def test_a_name_beside_such_words_is_found(term: str, text: str) -> None:
    assert is_named(term, text)


@pytest.mark.parametrize(("term", "text"), pairs(PEOPLE))
def test_people_are_no_shops(term: str, text: str) -> None:
    assert not is_named(term, text)


@pytest.mark.parametrize(("term", "text"), pairs(ORDINARY))
def test_words_that_sound_alike_are_no_names(term: str, text: str) -> None:
    assert not is_named(term, text)


@pytest.mark.parametrize(("term", "text"), pairs(OBFUSCATED))
def test_an_obfuscated_name_is_found_where_a_shop_is_meant(term: str, text: str) -> None:
    assert is_named(term, text)


def test_words_of_other_groups_are_taken_as_they_stand() -> None:
    """``required`` and ``excluded`` are no names: an amount before them does not matter."""
    brand = BrandSettings(id="b", name="b", terms=("永辉",), required=("盒",))
    matcher = BrandMatcher((brand,), channel_brands={}, default=None)
    assert matcher.brands_in("永辉买了一盒马卡龙") == ("b",)
