"""Slack incoming webhooks: one message a second, answered by the text ``ok``.

Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from collections.abc import Mapping
from typing import Final

from core.errors import ConnectorError, Refused, Unavailable
from responders.alerting.receivers.message import Message, truncate_utf8
from responders.alerting.receivers.robot import RateLimit, RobotPlatform, robot_kind

_MAX_BYTES: Final = 30_000
"""The platform accepts 40,000 characters."""
_REMEDY: Final = "Check that the webhook still exists and that its channel is not archived."


def _escape(text: str) -> str:
    """Escape the three characters that mean something in a text without Markdown."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text(message: Message) -> str:
    return "\n".join(map(_escape, (message.title, *message.lines)))


def _payload(message: Message) -> Mapping[str, object]:
    return {
        "text": truncate_utf8(_text(message), _MAX_BYTES),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _error_in(answer: bytes) -> ConnectorError | None:
    text = answer.strip()
    if text == b"ok":
        return None
    why = f"the webhook answered {text[:80]!r}"
    return Unavailable(why) if text == b"rollup_error" else Refused(why, remedy=_REMEDY)


SLACK: Final = RobotPlatform(
    limits=(RateLimit(count=1, seconds=1.0),),
    fits=lambda message: len(_text(message).encode("utf-8", "replace")) <= _MAX_BYTES,
    payload=_payload,
    error_in=_error_in,
)

KIND: Final = robot_kind(SLACK)
