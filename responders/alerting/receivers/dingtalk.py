"""DingTalk custom robots.

The signature is the HMAC-SHA256 of ``MILLISECONDS\\nSECRET`` under the secret, in the query. After
more than twenty messages a minute a robot is blocked for ten minutes.

Source: https://open.dingtalk.com/document/orgapp/custom-robot-access
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import SecretStr

from core.errors import ConnectorError
from responders.alerting.receivers.message import (
    Message,
    escape_markdown,
    markdown,
    markdown_size,
)
from responders.alerting.receivers.robot import (
    RateLimit,
    RobotPlatform,
    Signature,
    code_error,
    robot_kind,
)

_MAX_BYTES: Final = 18_000
"""The platform accepts 20,000 per request."""
_RETRY_CODES: Final = {-1: 5.0, 90030: 600.0, 130101: 600.0, 410100: 600.0}
_REMEDY: Final = "Check the robot's URL, signing secret, keywords and IP allowlist."


def _sign(secret: SecretStr, now: datetime) -> Signature:
    timestamp = str(int(now.timestamp() * 1000))
    key = secret.get_secret_value()
    digest = hmac.new(key.encode(), f"{timestamp}\n{key}".encode(), hashlib.sha256).digest()
    return Signature(query={"timestamp": timestamp, "sign": base64.b64encode(digest).decode()})


def _payload(message: Message) -> Mapping[str, object]:
    return {
        "msgtype": "markdown",
        "markdown": {
            "title": escape_markdown(message.title),
            "text": markdown(message, _MAX_BYTES),
        },
        "at": {"isAtAll": False},
    }


def _error_in(answer: bytes) -> ConnectorError | None:
    return code_error(answer, key="errcode", retry_codes=_RETRY_CODES, remedy=_REMEDY)


DINGTALK: Final = RobotPlatform(
    limits=(RateLimit(count=20, seconds=60.0),),
    fits=lambda message: markdown_size(message) <= _MAX_BYTES,
    payload=_payload,
    sign=_sign,
    error_in=_error_in,
)

KIND: Final = robot_kind(DINGTALK)
