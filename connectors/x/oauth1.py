"""Signs requests for the account with OAuth 1.0a.

Written out here because the usual library writes the account's token into its debug log.
Source: https://datatracker.ietf.org/doc/html/rfc5849#section-3
"""

import base64
import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote

from pydantic import SecretStr
from yarl import URL

from connectors.x.settings import XSettings
from core.clock import Clock

Sign = Callable[[str, URL], str]
"""From a method and the whole address to the value of the ``Authorization`` header."""

_METHOD: Final = "HMAC-SHA1"


def bearer(settings: XSettings) -> Sign:
    """Signs as the app."""
    header = f"Bearer {settings.bearer_token.get_secret_value()}"
    return lambda _method, _url: header


def account(settings: XSettings, clock: Clock) -> Sign:
    """Signs as the account; with the bearer token where it has no keys."""
    own, token = settings.access_token, settings.access_token_secret
    app, secret = settings.consumer_key, settings.consumer_secret
    if own is None or token is None or app is None or secret is None:
        return bearer(settings)
    key = f"{_quoted(_plain(secret))}&{_quoted(_plain(token))}".encode()

    def sign(method: str, url: URL) -> str:
        fields = {
            "oauth_consumer_key": _plain(app),
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": _METHOD,
            "oauth_timestamp": str(int(clock.now().timestamp())),
            "oauth_token": _plain(own),
            "oauth_version": "1.0",
        }
        base = signed_text(method, url, [*url.query.items(), *fields.items()])
        digest = hmac.digest(key, base.encode(), "sha1")
        fields["oauth_signature"] = base64.b64encode(digest).decode()
        shown = (f'{name}="{_quoted(value)}"' for name, value in fields.items())
        return f"OAuth {', '.join(shown)}"

    return sign


def signed_text(method: str, url: URL, pairs: Iterable[tuple[str, str]]) -> str:
    """What the signature is made over: method, address and all parameters."""
    sorted_pairs = sorted((_quoted(name), _quoted(value)) for name, value in pairs)
    joined = "&".join(f"{name}={value}" for name, value in sorted_pairs)
    address = str(url.with_query(None).with_fragment(None))
    return "&".join(_quoted(part) for part in (method.upper(), address, joined))


def _quoted(text: str) -> str:
    return quote(text, safe="~-._")


def _plain(secret: SecretStr) -> str:
    return secret.get_secret_value()
