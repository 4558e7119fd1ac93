"""Tells participation in a lottery or a fan campaign from what is said about the business.

Hundreds pass a lottery on within an hour, with words of longing (*let me win for once*) that a
sentiment model takes for misery. A text is participation if it invites to take part, or passes such
an invitation on, and its own words reproach nothing.
"""

import re
from typing import Final

_INVITATION: Final = re.compile(
    r"转发?.{0,16}抽|转评?赞.{0,12}[抽送]|[抽揪送]\s?(?:取|出)?\s?[\d一二两三五十百]+\s?[位名个人]|"
    r"(?:关注|评论|留言|点赞|带话题|艾特|@).{0,24}(?:抽奖|抽取|抽出|有机会|赢取|免费送)|"
    r"关注.{0,16}转发|抽奖(?:活动|详情|链接|平台)|开奖时间|"
    r"give\s?-?away|(?:retweet|\brt\b|repost|follow|like|tag).{0,40}(?:\bwin\b|chance|prize)|"
    r"enter.{0,24}\bto win\b|sweepstakes?|prize draw|lucky draw",
    re.IGNORECASE,
)
_WISH: Final = re.compile(
    r"求(?:抽)?中|抽(?:中)?我|选我|翻我牌|让我中|能中|中中中|[求蹭接沾]{1,2}.{0,3}欧气|非酋|拉低中奖率|"
    r"没中过|许愿中|锦鲤附体|pick me|hope i win|never win anything|wish me luck|fingers crossed",
    re.IGNORECASE,
)
_FANS: Final = re.compile(
    r"应援|打榜|打投|控评|反黑|做数据|冲销量|代言.{0,12}(?:冲鸭|冲呀|冲冲|支持哥|应援)"
)
_REPROACH: Final = re.compile(
    r"骗|假的|黑幕|内定|套路|虚假|兑现|不发货|没发货|没收到|没给|不给|投诉|举报|退钱|退款|维权|"
    r"霉|过期|变质|拉肚子|中毒|虫|吃坏|坑人|垃圾|恶心|欺诈|打人|受伤|态度|失望|"
    r"scam|fake|rigged|fraud|never (?:arrived|sent|got)|refund|mou?ld|expired|\bsick\b|poison|"
    r"injur|disgust|complain|\breport",
    re.IGNORECASE,
)
_CHAIN: Final = re.compile(r"//\s?(?=[@＠])")


def is_participation(text: str) -> bool:
    """True if a text invites to, or takes part in, a lottery or a fan campaign.

    A remark on an invitation that reproaches something (*last time nothing was sent*) is not.
    """
    own, *passed_on = _CHAIN.split(text)
    if _REPROACH.search(own):
        return False
    if any(_INVITATION.search(one) for one in (own, *passed_on)):
        return True
    return bool(_WISH.search(own) or _FANS.search(own))
