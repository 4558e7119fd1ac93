"""WeCom group robots; the key in their address is the only credential.

Source: https://developer.work.weixin.qq.com/document/path/91770
"""

from collections.abc import Mapping
from typing import Final

from core.errors import ConnectorError
from responders.alerting.receivers.message import Message, markdown, markdown_size
from responders.alerting.receivers.robot import (
    RateLimit,
    RobotPlatform,
    code_error,
    robot_kind,
)

_MAX_BYTES: Final = 2048
"""Bytes of UTF-8 that every app shows."""
_RETRY_CODES: Final = {-1: 5.0, 45009: 60.0, 45033: 60.0}
_REMEDY: Final = "Check the robot's URL: its key may be revoked."


def _payload(message: Message) -> Mapping[str, object]:
    return {"msgtype": "markdown", "markdown": {"content": markdown(message, _MAX_BYTES)}}


def _error_in(answer: bytes) -> ConnectorError | None:
    return code_error(answer, key="errcode", retry_codes=_RETRY_CODES, remedy=_REMEDY)


WECOM: Final = RobotPlatform(
    limits=(RateLimit(count=20, seconds=60.0),),
    fits=lambda message: markdown_size(message) <= _MAX_BYTES,
    payload=_payload,
    error_in=_error_in,
)

KIND: Final = robot_kind(WECOM)
