import pytest

from listeners.spread.harm.campaigns import is_participation

DRAW = "//@禾家超市:转发抽奖！关注并转发本条，周五抽5位送烤箱一台，差一点就没赶上"


@pytest.mark.parametrize(
    "text",
    [
        "转发本微博，抽两位送200元购物卡",
        "关注我们并转发，下周一抽取10名送年货",
        "评论区留言，有机会赢取榨汁机",
        "抽3个人送禾家的草莓礼盒",
        "揪5位小伙伴送酸奶",
        "抽奖详情见置顶，禾家周年庆",
        "转评赞里抽一个送空气炸锅",
        "Giveaway! Retweet and follow for a chance at a Hejia voucher",
        "RT to win a hamper from Hejia",
        "Enter now to win a year of groceries",
        "求中奖" + DRAW,
        "哭了，我怎么这么惨，让我中一次" + DRAW,
        "我不信我这辈子中不了" + DRAW,
        "每次都没有我，难过" + DRAW,
        "转发微博" + DRAW,
        "气死，又错过上一轮" + DRAW,
        "非酋求欧气，禾家看看我",
        "拉低中奖率来了，禾家",
        "哥哥代言的禾家，姐妹们冲鸭",
        "禾家应援物今天发放，打榜别停",
        "never win anything, pick me Hejia",
    ],
)
def test_lotteries_and_fan_campaigns_are_participation(text: str) -> None:
    assert is_participation(text)


@pytest.mark.parametrize(
    "text",
    [
        "骗人的吧，上次中奖到现在没发货" + DRAW,
        "抽奖有黑幕，内定" + DRAW,
        "先把发霉的面包退款了再说" + DRAW,
        "昨天买的肉变质了，投诉没人理" + DRAW,
        "scam, the last prize was never sent //@Hejia: giveaway, retweet to win",
        "禾家的面包发霉了，大家转发",
        "转给家里有孩子的//@甲:禾家的牛奶结块了，孩子喝完就吐",
        "求扩散！禾家门口有人受伤",
        "转发让更多人看到//@乙:在禾家吃出玻璃渣",
        "禾家抽检不合格，农药超标",
        "禾家的购物卡刷不出来，客服电话打不通",
        "今天在禾家被店员追着骂",
        "监管部门抽检三批次，禾家两批次不合格",
        "别抽烟了，禾家仓库着火",
        "我在禾家排了一小时队",
        "won't shop at Hejia again, the chicken was off",
        "follow up: Hejia still has not called me back",
        "禾家的代言人塌房了，广告还挂着",
        "看见禾家的员工把掉地上的肉放回去",
        "关注这件事，禾家到现在没有道歉",
    ],
)
def test_what_is_said_about_the_business_is_not(text: str) -> None:
    assert not is_participation(text)
