"""Feishu's custom robot: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot

The signature is the HMAC-SHA256 of an empty message under the key ``TIMESTAMP\\nSECRET``. A text is
sent as a post, whose parts are shown as they are: in a plain text ``<at>`` would call people.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import SecretStr

from core.errors import ConnectorError
from responders.alerting.receivers.pace import Limit
from responders.alerting.receivers.robot import Dialect, Signed, judge_code
from responders.alerting.receivers.text import Message, cut_bytes

_ROOM: Final = 18_000
"""Bytes; a request may have 20,000."""
_BUSY: Final = {11232: 60.0, 99991400: 60.0}
_REMEDY: Final = (
    "Check the robot's address, its signing secret, its keywords and its allowed addresses."
)


def sign(secret: SecretStr, now: datetime) -> Signed:
    """``timestamp`` in seconds, and ``sign``, in the body."""
    timestamp = str(int(now.timestamp()))
    key = f"{timestamp}\n{secret.get_secret_value()}".encode()
    found = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    return Signed(fields={"timestamp": timestamp, "sign": found})


def _size(said: Message) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 40 for line in (said.title, *said.lines))


def write(said: Message) -> Mapping[str, object]:
    """A post with a line a paragraph."""
    room = _ROOM
    content = []
    for line in said.lines:
        shown = cut_bytes(line, room)
        content.append([{"tag": "text", "text": shown}])
        room -= len(shown.encode("utf-8", "replace")) + 40
        if room <= 0:
            break
    return {
        "msg_type": "post",
        "content": {"post": {"zh_cn": {"title": said.title, "content": content}}},
    }


def judge(answer: bytes) -> ConnectorError | None:
    """Taken only where ``code`` is 0."""
    return judge_code(answer, key="code", busy=_BUSY, remedy=_REMEDY)


FEISHU: Final = Dialect(
    limits=(Limit(count=5, seconds=1.0), Limit(count=100, seconds=60.0)),
    fits=lambda said: _size(said) <= _ROOM,
    write=write,
    sign=sign,
    judge=judge,
)
