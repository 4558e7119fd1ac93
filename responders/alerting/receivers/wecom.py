"""WeCom's group robot: https://developer.work.weixin.qq.com/document/path/91770

Its address is its secret; there is no signature.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import SecretStr

from core.errors import ConnectorError
from responders.alerting.receivers.markdown import markdown, size
from responders.alerting.receivers.pace import Limit
from responders.alerting.receivers.robot import Dialect, Signed, judge_code
from responders.alerting.receivers.text import Message

ROOM: Final = 2048
"""Bytes of UTF-8 that are shown everywhere."""
_BUSY: Final = {-1: 5.0, 45009: 60.0, 45033: 60.0}
_REMEDY: Final = "Check the robot's address: its key may have been withdrawn."


def sign(_secret: SecretStr, _now: datetime) -> Signed:
    """Nothing is signed."""
    return Signed()


def write(said: Message) -> Mapping[str, object]:
    """Markdown within the room."""
    return {"msgtype": "markdown", "markdown": {"content": markdown(said, ROOM)}}


def judge(answer: bytes) -> ConnectorError | None:
    """Taken only where ``errcode`` is 0."""
    return judge_code(answer, key="errcode", busy=_BUSY, remedy=_REMEDY)


WECOM: Final = Dialect(
    limits=(Limit(count=20, seconds=60.0),),
    fits=lambda said: size(said) <= ROOM,
    write=write,
    sign=sign,
    judge=judge,
)
