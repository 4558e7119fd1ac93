"""Where X sees links in a text, each of which it replaces by one of 23 characters.

With ``http://`` or ``https://`` any host is a link; without, only one that ends in a known domain.
Source: https://github.com/twitter/twitter-text (what counts as an address).
"""

import re
from collections.abc import Iterator
from typing import Final

_COUNTRIES: Final = (
    "ac|ad|ae|af|ag|ai|al|am|ao|aq|ar|as|at|au|aw|ax|az|ba|bb|bd|be|bf|bg|bh|bi|bj|bm|bn|bo|br|"
    "bs|bt|bw|by|bz|ca|cc|cd|cf|cg|ch|ci|ck|cl|cm|cn|co|cr|cu|cv|cw|cx|cy|cz|de|dj|dk|dm|do|dz|"
    "ec|ee|eg|er|es|et|eu|fi|fj|fk|fm|fo|fr|ga|gb|gd|ge|gf|gg|gh|gi|gl|gm|gn|gp|gq|gr|gs|gt|gu|"
    "gw|gy|hk|hm|hn|hr|ht|hu|id|ie|il|im|in|io|iq|ir|is|it|je|jm|jo|jp|ke|kg|kh|ki|km|kn|kp|kr|"
    "kw|ky|kz|la|lb|lc|li|lk|lr|ls|lt|lu|lv|ly|ma|mc|md|me|mg|mh|mk|ml|mm|mn|mo|mp|mq|mr|ms|mt|"
    "mu|mv|mw|mx|my|mz|na|nc|ne|nf|ng|ni|nl|no|np|nr|nu|nz|om|pa|pe|pf|pg|ph|pk|pl|pm|pn|pr|ps|"
    "pt|pw|py|qa|re|ro|rs|ru|rw|sa|sb|sc|sd|se|sg|sh|si|sj|sk|sl|sm|sn|so|sr|ss|st|su|sv|sx|sy|"
    "sz|tc|td|tf|tg|th|tj|tk|tl|tm|tn|to|tr|tt|tv|tw|tz|ua|ug|uk|us|uy|uz|va|vc|ve|vg|vi|vn|vu|"
    "wf|ws|ye|yt|za|zm|zw"
)
_GENERIC: Final = (
    "com|org|net|edu|gov|mil|int|info|biz|name|mobi|pro|jobs|tel|asia|cat|coop|museum|aero|"
    "travel|post|xxx|app|art|auction|baby|bar|beer|best|bike|blog|boutique|bot|build|business|"
    "buy|buzz|cafe|cam|camera|camp|careers|casa|cash|catering|center|chat|cheap|city|click|"
    "clothing|cloud|club|coach|codes|coffee|community|company|consulting|cooking|coupons|"
    "credit|deals|delivery|design|dev|digital|direct|directory|discount|earth|email|energy|"
    "events|exchange|expert|express|family|fans|farm|fashion|fish|fit|flowers|food|football|"
    "fun|fund|fyi|gallery|games|garden|gift|gifts|global|gold|green|group|guide|guru|health|"
    "help|host|house|icu|immo|industries|ink|kim|kitchen|land|law|legal|life|limited|link|live|"
    "loan|lol|love|ltd|luxury|market|marketing|mba|media|men|menu|moda|moe|mom|money|movie|"
    "news|ngo|ninja|one|ong|online|organic|page|partners|parts|party|pet|photo|photos|pics|"
    "pink|pizza|place|plus|press|promo|pub|red|rent|repair|report|restaurant|review|reviews|"
    "rocks|run|sale|school|science|sexy|shop|shopping|show|site|ski|social|software|solutions|"
    "space|sport|store|stream|studio|style|support|surf|systems|tax|team|tech|tips|today|tools|"
    "top|tours|town|toys|trade|training|tube|vet|video|vip|vision|vote|wang|watch|web|website|"
    "wedding|wiki|win|wine|work|works|world|wtf|xin|xyz|yoga|zone|google|apple|baidu|alibaba|"
    "taobao|weibo"
)

_LABEL: Final = r"[a-z0-9À-ÖØ-öø-ÿ](?:[a-z0-9À-ÖØ-öø-ÿ_-]*[a-z0-9À-ÖØ-öø-ÿ])?"
_ANY_LABEL: Final = r"[^\W_](?:[\w-]*[^\W_])?"
_KNOWN: Final = rf"{_COUNTRIES}|{_GENERIC}|xn--[a-z0-9-]+"
_PATH_CHARACTER: Final = r"[a-z0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&À-ÖØ-öø-ÿ\u0400-\u04ff]"
_PATH_END: Final = r"[a-z0-9=_#/+\-À-ÖØ-öø-ÿ\u0400-\u04ff]"
_BALANCED: Final = rf"\({_PATH_CHARACTER}+\)"
_PATH: Final = rf"(?:/(?:(?:{_PATH_CHARACTER}|{_BALANCED})*(?:{_PATH_END}|{_BALANCED}))?)"
_QUERY: Final = r"(?:\?(?:[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9_&=#/\-])?)"

LINK: Final = re.compile(
    rf"(?<![a-z0-9@＠$#＃\u202a-\u202e])(?:"
    rf"https?://(?:{_ANY_LABEL}\.)+(?:xn--[a-z0-9-]+|[^\W\d_]{{2,}})(?![a-z0-9-])(?::\d+)?{_PATH}?{_QUERY}?"
    rf"|(?<![-_./])(?:{_LABEL}\.)+(?:{_KNOWN})(?![a-z0-9@_-])(?::\d+)?{_PATH}?{_QUERY}?"
    ")",
    re.IGNORECASE,
)
"""One link."""


def links(text: str) -> Iterator[tuple[int, int]]:
    """Where each link begins and ends."""
    return (found.span() for found in LINK.finditer(text))
