"""Slack's incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks

One message a second; the answer to a message that was taken is the text ``ok``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import SecretStr

from core.errors import ConnectorError, Refused, Unavailable
from responders.alerting.receivers.pace import Limit
from responders.alerting.receivers.robot import Dialect, Signed
from responders.alerting.receivers.text import Message, cut_bytes

_ROOM: Final = 30_000
"""Bytes; a text may have 40,000 characters."""
_REMEDY: Final = "Check that the webhook still exists and that its channel is not archived."


def sign(_secret: SecretStr, _now: datetime) -> Signed:
    """Nothing is signed."""
    return Signed()


def escape(text: str) -> str:
    """As Slack wants it: these three are all that means something in a text without Markdown."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text(said: Message) -> str:
    return "\n".join(map(escape, (said.title, *said.lines)))


def write(said: Message) -> Mapping[str, object]:
    """Plain text; nobody is called and no link is unfolded."""
    return {
        "text": cut_bytes(_text(said), _ROOM),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def judge(answer: bytes) -> ConnectorError | None:
    """Taken only where the body is ``ok``."""
    said = answer.strip()
    if said == b"ok":
        return None
    why = f"the webhook answered {said[:80]!r}"
    return Unavailable(why) if said == b"rollup_error" else Refused(why, remedy=_REMEDY)


SLACK: Final = Dialect(
    limits=(Limit(count=1, seconds=1.0),),
    fits=lambda said: len(_text(said).encode("utf-8", "replace")) <= _ROOM,
    write=write,
    sign=sign,
    judge=judge,
)
