"""Tells a fault of another business that the brand is preferred to from a fault of the brand.

*The bread of X is mouldy again, from now on I only go to us* names the brand and a fault, and is
praise. A text prefers the brand if every clause that names it does, and the fault comes before: of
what follows a clause with the name, the brand is the subject.
"""

import re
from typing import Final

_CLAUSE: Final = re.compile(
    r"[，。！？；,!?;\n…]+|\.(?=\s|$)|\s(?=但|可是|还是|以后|but\b|glad\b|unlike\b)"
)
_MARK: Final = "\x00"
"""Stands for the brand's name in a clause."""
_SHOP: Final = r"(?:家|超市|商城|门店|店|这边|那边|里|买菜?|购物|逛|吧|了|算了|呢|啊|哦|呀|\s)*"
_END: Final = r"(?:些|点|一点|多了|多|了|啊|呀|呢|吧|的|哦|！|～|~|\[[^\]]*\]|\s)*$"
_AFTER_A_FAULT: Final = re.compile(
    rf"(?:还是|果然|终究|到底)(?:要|得)?(?:去|看|选|信|来)?{_MARK}{_SHOP}(?:的.{{1,4}})?"
    rf"(?:最|更|比较|真)?(?:好|强|香|行|靠谱|放心|良心|安全|新鲜|稳|实在|棒|让人放心){_END}|"
    rf"(?:以后|今后|下次|从此|从今|往后|宁愿|宁可|干脆|不如|早知道?)"
    rf"(?:我|我们|就|都|还是|只|改|直接|全|得|要|应该|该)*"
    rf"(?:去|到|上|来|在|选|认|找|投奔|换){_MARK}{_SHOP}{_END}|"
    rf"^(?:我|我们|还是|就|都|决定|已经|果断|赶紧)*"
    rf"(?:改|只|转|换)(?:去|到|成|投|在|认|回)*{_MARK}{_SHOP}{_END}|"
    rf"(?:学学|看看|瞧瞧|学习一?下)(?:人家|隔壁|别人){_MARK}|"
    rf"{_MARK}{_SHOP}(?:就|才|倒|可|都|从来|从|一直|至少|起码|好歹|绝对|肯定)*"
    rf"(?:给退(?:货|款|钱)?|没(?:有|出|发生)?过?(?:这种|这样的?|这).{{0,6}}|"
    rf"不会(?:这样|有这种|卖这种|出这种|这么).{{0,6}}|(?:好|强)(?:多|太多)|靠谱多?|放心多?|良心){_END}|"
    rf"(?:switch|mov|chang|go|stick)(?:ed|ing|e)?\s+(?:back\s+|over\s+)?(?:to|with)\s+{_MARK}|"
    rf"(?:thank god for|glad (?:for|i went to|i go to)|i prefer)\s.{{0,16}}{_MARK}|"
    rf"{_MARK}\s+(?:is|are|was)\s+(?:\w+\s+){{0,2}}(?:better|fine|safer|fresher)|"
    rf"{_MARK}\s+(?:would never|never (?:does|did|has|had))|better off at {_MARK}",
    re.IGNORECASE,
)
_ANYWHERE: Final = re.compile(
    rf"(?:不如|没法(?:跟|和)|比不上|比不了|远不及)\s*{_MARK}|比(?:起)?{_MARK}{_SHOP}(?:差|烂|脏|坑)|"
    rf"(?:unlike|worse than|not as good as|nothing like|should have gone to)\s+(?:at\s+)?{_MARK}",
    re.IGNORECASE,
)
"""Comparisons that name their other side before the brand."""


def prefers(text: str, names: re.Pattern[str]) -> bool:
    """True if a text speaks of the brand, whose ``names`` match, only as the better alternative."""
    clauses = [one.strip() for one in _CLAUSE.split(names.sub(_MARK, text)) if one.strip()]
    named = [place for place, clause in enumerate(clauses) if _MARK in clause]
    return bool(named) and all(
        _ANYWHERE.search(clauses[place]) or (named[0] > 0 and _AFTER_A_FAULT.search(clauses[place]))
        for place in named
    )
