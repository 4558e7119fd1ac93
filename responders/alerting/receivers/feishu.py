"""Feishu custom bots.

The signature is the HMAC-SHA256 of an empty message under the key ``TIMESTAMP\\nSECRET``. A message
is a rich text post, whose parts are shown literally; in a plain text message ``<at>`` would mention
people.

Source: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import SecretStr

from core.errors import ConnectorError
from responders.alerting.receivers.message import Message, truncate_utf8
from responders.alerting.receivers.robot import (
    RateLimit,
    RobotPlatform,
    Signature,
    code_error,
    robot_kind,
)

_MAX_BYTES: Final = 18_000
"""The platform accepts 20,000 per request."""
_LINE_OVERHEAD: Final = 40
"""Bytes that the structure around one line takes."""
_RETRY_CODES: Final = {11232: 60.0, 99991400: 60.0}
_REMEDY: Final = "Check the bot's URL, signing secret, keywords and IP allowlist."


def _sign(secret: SecretStr, now: datetime) -> Signature:
    timestamp = str(int(now.timestamp()))
    key = f"{timestamp}\n{secret.get_secret_value()}".encode()
    signature = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    return Signature(fields={"timestamp": timestamp, "sign": signature})


def _size(message: Message) -> int:
    lines = (message.title, *message.lines)
    return sum(len(line.encode("utf-8", "replace")) + _LINE_OVERHEAD for line in lines)


def _payload(message: Message) -> Mapping[str, object]:
    left = _MAX_BYTES
    paragraphs = []
    for line in message.lines:
        text = truncate_utf8(line, left)
        paragraphs.append([{"tag": "text", "text": text}])
        left -= len(text.encode("utf-8", "replace")) + _LINE_OVERHEAD
        if left <= 0:
            break
    post = {"zh_cn": {"title": message.title, "content": paragraphs}}
    return {"msg_type": "post", "content": {"post": post}}


def _error_in(answer: bytes) -> ConnectorError | None:
    return code_error(answer, key="code", retry_codes=_RETRY_CODES, remedy=_REMEDY)


FEISHU: Final = RobotPlatform(
    limits=(RateLimit(count=5, seconds=1.0), RateLimit(count=100, seconds=60.0)),
    fits=lambda message: _size(message) <= _MAX_BYTES,
    payload=_payload,
    sign=_sign,
    error_in=_error_in,
)

KIND: Final = robot_kind(FEISHU)
