"""DingTalk's custom robot: https://open.dingtalk.com/document/orgapp/custom-robot-access

The signature is the HMAC-SHA256 of ``MILLISECONDS\\nSECRET`` under the secret, in the query. Who
sends more than twenty messages a minute is refused for ten minutes.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import SecretStr

from core.errors import ConnectorError
from responders.alerting.receivers.markdown import markdown, plain, size
from responders.alerting.receivers.pace import Limit
from responders.alerting.receivers.robot import Dialect, Signed, judge_code
from responders.alerting.receivers.text import Message

_ROOM: Final = 18_000
"""Bytes; a request may have 20,000."""
_BUSY: Final = {-1: 5.0, 90030: 600.0, 130101: 600.0, 410100: 600.0}
_REMEDY: Final = (
    "Check the robot's address, its signing secret, its keywords and its allowed addresses."
)


def sign(secret: SecretStr, now: datetime) -> Signed:
    """``timestamp`` in milliseconds, and ``sign``, in the query."""
    timestamp = str(int(now.timestamp() * 1000))
    known = secret.get_secret_value()
    digest = hmac.new(known.encode(), f"{timestamp}\n{known}".encode(), hashlib.sha256).digest()
    return Signed(query={"timestamp": timestamp, "sign": base64.b64encode(digest).decode()})


def write(said: Message) -> Mapping[str, object]:
    """Markdown that calls nobody."""
    return {
        "msgtype": "markdown",
        "markdown": {"title": plain(said.title), "text": markdown(said, _ROOM)},
        "at": {"isAtAll": False},
    }


def judge(answer: bytes) -> ConnectorError | None:
    """Taken only where ``errcode`` is 0."""
    return judge_code(answer, key="errcode", busy=_BUSY, remedy=_REMEDY)


DINGTALK: Final = Dialect(
    limits=(Limit(count=20, seconds=60.0),),
    fits=lambda said: size(said) <= _ROOM,
    write=write,
    sign=sign,
    judge=judge,
)
