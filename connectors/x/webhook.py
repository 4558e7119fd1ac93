"""Proves to X that the webhook is ours, and to us that what is pushed comes from X.

Source: https://docs.x.com/x-api/webhooks/quickstart
"""

import base64
import hmac
import json
from typing import Final

from pydantic import SecretStr

from core.connector import PushRequest, PushResponse

_SIGNATURES: Final = ("x-twitter-webhooks-signature", "x-x-webhooks-signature")
_LONGEST_TOKEN: Final = 1000


def challenged(request: PushRequest, secret: SecretStr) -> PushResponse:
    """The answer to X's challenge, a GET with a ``crc_token``; 400 for any other GET."""
    token = request.query.get("crc_token", "")
    if not 0 < len(token) <= _LONGEST_TOKEN:
        return PushResponse(status=400)
    body = json.dumps({"response_token": _sign(token.encode("utf-8", "replace"), secret)})
    return PushResponse(
        status=200, body=body.encode(), content_type="application/json; charset=utf-8"
    )


def is_signed(request: PushRequest, secret: SecretStr) -> bool:
    """True where the body bears X's signature; takes as long for any wrong one."""
    shown = next((request.headers[name] for name in _SIGNATURES if name in request.headers), "")
    right = _sign(request.body, secret)
    return hmac.compare_digest(shown.encode("utf-8", "replace"), right.encode())


def _sign(content: bytes, secret: SecretStr) -> str:
    digest = hmac.digest(secret.get_secret_value().encode(), content, "sha256")
    return f"sha256={base64.b64encode(digest).decode()}"
