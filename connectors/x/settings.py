"""Settings of an X channel; docs/reference/channels/x.md documents them for operators."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from core.settings import Section

Rule = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^\S(.*\S)?$")]

_SECRET: Final = re.compile(r"[!-~]{1,500}")
_USER_KEYS: Final = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


class XSettings(Section):
    """The account, the posts it receives, and the budget for reading."""

    model_config = ConfigDict(hide_input_in_errors=True)

    bearer_token: SecretStr
    """The app's bearer token, which reads the stream and the search."""
    consumer_key: SecretStr | None = None
    """The app's API key. With the next three, requests are signed as the account that replies."""
    consumer_secret: SecretStr | None = None
    """The app's API key secret; webhook bodies are signed with it, too."""
    access_token: SecretStr | None = None
    access_token_secret: SecretStr | None = None
    base_url: str = Field(
        default="https://api.x.com", pattern=r"^https?://[^\s{}?#]+$", max_length=500
    )
    mode: Literal["stream", "search", "webhook"] = "stream"
    rules: tuple[Rule, ...] = Field(default=(), max_length=1000)
    """Rules in X's own language; posts that match are received besides mentions of the account."""
    bots: tuple[str, ...] = ()
    """Names or ids of accounts that write by machine and do not say so."""
    query_length: int = Field(default=512, ge=128, le=4096)
    """Most characters in one search query; depends on the plan."""
    poll_seconds: float = Field(default=60, gt=0)
    """Seconds between searches while the stream is not used or not available."""
    sweep_seconds: float = Field(default=600, gt=0)
    """Seconds between searches for posts that the stream or the webhook has missed."""
    catch_up_posts: int = Field(default=1000, ge=10, le=100_000)
    """Most posts that are read after a gap, and at the first start."""
    budget_posts: int = Field(default=20_000, gt=0)
    """Most posts that may be read in a calendar month (UTC)."""
    budget_dollars: float = Field(default=100, gt=0)
    """Most dollars that reading may cost in a calendar month (UTC)."""
    dollars_per_post: float = Field(default=0.005, ge=0)
    """X's price for reading one post."""
    send_seconds: int = Field(default=20, ge=1, le=300)
    """Seconds after which a request is given up; whether it was acted on is then unknown."""

    @field_validator("bearer_token", *_USER_KEYS)
    @classmethod
    def _printable(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError(
                "要 1 到 500 个可见的 ASCII 字符 "
                "must be 1 to 500 printable ASCII characters without spaces"
            )
        return secret

    @model_validator(mode="after")
    def _whole_keys(self) -> Self:
        given = [name for name in _USER_KEYS if getattr(self, name) is not None]
        signing = [name for name in given if name != "consumer_secret"]
        if signing and len(given) < len(_USER_KEYS):
            missing = ", ".join(name for name in _USER_KEYS if name not in given)
            raise ValueError(
                f"账号的密钥不全 the keys of the account are incomplete: {missing} is missing"
            )
        if self.mode == "webhook" and self.consumer_secret is None:
            raise ValueError("mode 'webhook' 还需要 needs consumer_secret")
        return self
