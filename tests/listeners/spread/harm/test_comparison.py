import pytest

from listeners.spread.grouping.vocabulary import name_patterns
from listeners.spread.harm.comparison import prefers

NAMES = name_patterns({"hejia": ["禾家", "禾家超市", "Hejia"]})["hejia"]


@pytest.mark.parametrize(
    "text",
    [
        "对面那家的鸡蛋是臭的，还是禾家好",
        "百味的牛奶结块，还是禾家超市靠谱",
        "万客来的虾是死的！果然还是禾家新鲜",
        "隔壁超市的肉注水，以后只去禾家",
        "小区门口那家又卖过期酸奶，今后就去禾家了",
        "万客来的蛋糕里有头发，改去禾家",
        "对面的店员骂人，果断换禾家了",
        "在万客来吃坏肚子，早知道去禾家超市",
        "百味的草莓全烂了，看看人家禾家",
        "百味退货推三阻四，人家禾家就给退",
        "孩子吃了百味的火腿拉肚子，禾家从来没有这种事",
        "万客来的冻品化了又冻，禾家就不会这样",
        "百味的面包发霉，比起来禾家好太多了",
        "万客来的熟食不如禾家",
        "百味的服务比禾家差，面包还长毛",
        "Wankelai sold me mouldy bread, switching to Hejia",
        "The milk at BestMart was sour. Hejia would never do that",
        "BestMart's chicken made us sick, glad I went to Hejia this week",
        "Rotten eggs at BestMart again, Hejia is so much better",
        "This place is worse than Hejia, found a bug in the salad",
    ],
)
def test_a_fault_of_another_business_is_not_the_brands(text: str) -> None:
    assert prefers(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "禾家的面包发霉了",
        "禾家的鸡蛋是臭的，以后只去百味",
        "再也不去禾家了，面包长毛",
        "面包发霉了，以后再也不去禾家",
        "孩子拉肚子，禾家说不会赔",
        "买到过期酸奶，以后去禾家要看日期",
        "还是禾家的面包，又发霉了",
        "还是那家禾家，店员又骂人",
        "果然还是禾家会坑人，一斤少二两",
        "面包长毛，禾家一直没有道歉",
        "肉是臭的，禾家就给退一半",
        "鱼不新鲜，去禾家讨说法",
        "隔壁禾家又着火了",
        "头发在蛋糕里，人家禾家说正常",
        "禾家好，禾家妙，禾家的肉里有虫",
        "牛奶结块，看看禾家怎么说",
        "以前百味卖过期的，现在禾家也卖",
        "百味和禾家的面包都发霉",
        "Hejia sold me mouldy bread, switching to BestMart",
        "Found glass in the baby food, Hejia never answered",
        "Hejia is worse than BestMart, the milk was sour",
    ],
)
def test_a_fault_of_the_brand_is(text: str) -> None:
    assert not prefers(text, NAMES)
