"""Recognises personal data other than numbers: addresses, e-mails, plates, WeChat, QQ ids."""

import re
from collections.abc import Iterator
from typing import Final

from moderation.numbers import Span

URL: Final = re.compile(r"(?:https?://|www\.)[!#-&(-+\--:=?-~]{1,2000}", re.IGNORECASE)

_EMAIL: Final = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9\-]{1,63}\.){1,5}[A-Za-z]{2,24}"
)
_PLATE: Final = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
    r"(?=[A-Za-z][·.\s]?[A-Za-z0-9]{0,5}[0-9])"
    r"[A-HJ-NP-Za-hj-np-z][·.\s]?[A-HJ-NP-Za-hj-np-z0-9]{5,6}(?![A-Za-z0-9])[挂学警]?"
)
_WECHAT: Final = re.compile(
    r"(?:(?:微信|薇信|威信|V信)(?:\s?(?:号码?|id|账号))?\s{0,3}(?:[:是为=]|就?是)?"
    r"|(?<![A-Za-z])(?:wechat|weixin|vx|wx)(?:\s?(?:号|id|account))?\s?(?:[:是=]|is)?)"
    r"\s{0,3}(?P<id>[A-Za-z][A-Za-z0-9_\-]{5,19})(?![A-Za-z0-9_\-.])",
    re.IGNORECASE,
)
_QQ: Final = re.compile(
    r"(?<![A-Za-z])(?:QQ|扣扣|企鹅)(?:\s?(?:号码?|id|账号))?\s{0,3}(?:[:是为=]|is)?\s{0,3}"
    r"(?P<id>[1-9](?:[ \-]?[0-9]){4,10})(?![0-9A-Za-z\-/.年])",
    re.IGNORECASE,
)
_STREET_ADDRESS: Final = re.compile(
    r"(?:路|街|大道|巷|胡同|里|村|小区|花园|苑|公寓|新村|城)\s?"
    r"(?:[0-9]{1,5}\s?(?:弄|号|号院)[^0-9,。;!?\n]{0,8}){1,2}?"
    r"(?:[0-9A-Za-z]{1,4}\s?(?:号楼|幢|栋|座|单元|#|-)\s?){0,3}"
    r"[0-9]{1,5}\s?(?:室|户|房|单元|栋|幢|号楼)"
    r"|(?:小区|花园|苑|公寓|新村)\s?[0-9]{1,4}\s?(?:号楼|栋|幢|座|期)[^,。;!?\n]{0,8}?"
    r"[0-9]{1,5}\s?(?:室|户|房)"
)
_STATED_ADDRESS: Final = re.compile(
    r"(?:收货地址|家庭住址|家庭地址|住址|家住|我住在?|住在)(?:是|:)?\s?"
    r"(?P<id>[^\s,。;!?]{0,24}?(?:路|街|大道|巷|胡同|小区|花园|苑|公寓|新村|村)"
    r"(?:\s?[0-9A-Za-z]{1,5}\s?(?:弄|号楼|号院|号|栋|幢|座|单元|室|户|房)){1,4})"
)
_ENGLISH_ADDRESS: Final = re.compile(
    r"(?<![0-9A-Za-z])[0-9]{1,5} (?:[A-Z][a-z]{1,20} ){1,3}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct)\.?,? "
    r"(?:[Aa]pt|[Uu]nit|[Rr]oom|[Ss]uite|[Ff]lat|#)\.? ?[0-9A-Z\-]{1,6}(?![0-9A-Za-z])"
)
_LEAD: Final = re.compile(r"[\u4e00-\u9fff0-9]{1,24}$")
_LEAD_CUT: Final = re.compile(
    r".*(?:送到|寄到|住在|家在|就在|地址|位于|[到在住址往给是去请你我的了把]|[0-9]{5,}|省|自治区)"
)


def contacts(view: str) -> Iterator[Span]:
    """Contacts and addresses in a folded text; spans may overlap."""
    yield from _spans(_EMAIL, "email", view)
    yield from _spans(_STATED_ADDRESS, "address", view, "id")
    for found in _STREET_ADDRESS.finditer(view):
        yield _address_start(view, found.start()), found.end(), "address"
    yield from _spans(_ENGLISH_ADDRESS, "address", view)
    for found in _WECHAT.finditer(view):
        if _is_wechat_id(found):
            yield found.start("id"), found.end("id"), "wechat"
    yield from _spans(_QQ, "qq", view, "id")
    yield from _spans(_PLATE, "plate", view)


def _spans(pattern: re.Pattern[str], kind: str, view: str, group: str | int = 0) -> Iterator[Span]:
    return ((*found.span(group), kind) for found in pattern.finditer(view))


def _is_wechat_id(found: re.Match[str]) -> bool:
    """True for a word with a digit or underscore, or one that the text introduces as an id."""
    if re.search(r"[0-9_]", found["id"]):
        return True
    lead = found[0][: found.start("id") - found.start()].rstrip()
    return lead.endswith(("号", "号:", "号是", "号码", "号码:", "微信:", "微信是")) or (
        re.search(r"id\s?[:是=]?$", lead, re.IGNORECASE) is not None
    )


def _address_start(view: str, street: int) -> int:
    """Start of an address whose street word is at ``street``: after the last word leading to it."""
    lead = _LEAD.search(view, max(0, street - 24), street)
    if lead is None:
        return street
    cut = _LEAD_CUT.match(lead[0])
    return lead.start() + (cut.end() if cut else 0)
