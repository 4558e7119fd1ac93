"""Settings of a Telegram channel, documented in docs/reference/channels/telegram.md."""

import re
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from core.settings import Section

_TOKEN: Final = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,128}")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")


class TelegramSettings(Section):
    """The bot, and how it receives updates."""

    token: SecretStr
    """From @BotFather."""
    base_url: str = Field(
        default="https://api.telegram.org", pattern=r"^https?://[^\s{}?#]+$", max_length=500
    )
    mode: Literal["polling", "webhook"] = "polling"
    webhook_url: str | None = Field(default=None, pattern=r"^https://[^\s]+$", max_length=500)
    """Public URL of this channel's ``handle_http``."""
    webhook_secret: SecretStr | None = None
    """Sent by Telegram with each update; 1 to 256 letters, digits, ``_`` and ``-``."""
    poll_seconds: int = Field(default=30, ge=0, le=50)
    """Seconds that one request waits for updates."""
    send_seconds: int = Field(default=20, ge=1, le=300)
    """Seconds after which a send is given up; whether it was acted on is then unknown."""
    staff_chat: int | None = None
    """Id of the staff group; messages in it are not events."""

    bots: tuple[str, ...] = ()
    """Names or ids of accounts that write by machine and that Telegram does not mark."""
    foreign_chats: tuple[int, ...] = ()
    """Ids of groups and channels that are not the brand's, whose own voice is not ours."""

    @field_validator("token")
    @classmethod
    def _a_token(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError(
                "不是机器人令牌 is not a bot token; it looks like 123456:ABC-DEF, from @BotFather"
            )
        return token

    @field_validator("webhook_secret")
    @classmethod
    def _a_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError("要 1 到 256 个字符 must be 1 to 256 letters, digits, '_' and '-'")
        return secret

    @model_validator(mode="after")
    def _a_whole_webhook(self) -> Self:
        if self.mode == "webhook" and not (self.webhook_url and self.webhook_secret):
            raise ValueError("mode 'webhook' 还需要 needs webhook_url and webhook_secret")
        return self
