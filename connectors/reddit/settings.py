"""Settings of a Reddit channel; docs/reference/channels/reddit.md documents them for operators."""

import re
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from core.settings import Section

API_URL: Final = "https://oauth.reddit.com"
WWW_URL: Final = "https://www.reddit.com"
MAX_REDDIT_TEXT: Final = 10_000
"""Most characters in a comment or a message."""

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{1,200}")
_URL: Final = r"^https?://[^\s{}?#]+$"


class RedditSettings(Section):
    """The account, the sources it reads, and the server."""

    client_id: str = Field(pattern=r"^[\x21-\x7e]{1,100}$")
    """From https://www.reddit.com/prefs/apps."""
    client_secret: SecretStr
    username: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{3,20}$")
    """The account of a *script* app; with ``password``."""
    password: SecretStr | None = None
    refresh_token: SecretStr | None = None
    """A permanent token of a *web* app, instead of username and password."""
    user_agent: str | None = Field(default=None, pattern=r"^[\x20-\x7e]{8,200}$")
    """Sent with each request; Reddit throttles common ones."""
    subreddits: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{2,24}$")], ...] = ()
    """Subreddits whose submissions and comments are read, without ``r/``."""
    search: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...] = ()
    """Terms searched for in the submissions of all subreddits."""
    bots: tuple[str, ...] = ()
    """Names of accounts that write by machine, which neither their names nor their texts show."""
    inbox: bool = True
    """Read the inbox and the mentions of the account."""
    base_url: str = Field(default=API_URL, pattern=_URL, max_length=500)
    """Base URL of the API."""
    www_url: str | None = Field(default=None, pattern=_URL, max_length=500)
    """Base URL for tokens and links; the API's own if another API is set."""
    poll_seconds: float = Field(default=10, gt=0, le=3600)
    """Seconds between two rounds through all sources."""
    recheck_seconds: float = Field(default=300, gt=0, le=86_400)
    """Seconds between two checks of recent items for edits, removals and deletions."""
    backlog: int = Field(default=1000, ge=1, le=1000)
    """Most existing items that are read from a new source."""
    timeout_seconds: float = Field(default=16, ge=0.1, le=120)
    """Seconds after which a request without an answer is given up."""

    @field_validator("client_secret", "password", "refresh_token")
    @classmethod
    def _a_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _PRINTABLE.fullmatch(secret.get_secret_value()):
            raise ValueError(
                "要 1 到 200 个可见的 ASCII 字符 "
                "must be 1 to 200 printable ASCII characters without spaces"
            )
        return secret

    @model_validator(mode="after")
    def _a_whole(self) -> Self:
        script = self.username is not None and self.password is not None
        half = self.password is not None and self.username is None
        if half or script == (self.refresh_token is not None):
            raise ValueError("登录方式二选一 needs either username and password, or refresh_token")
        if not (self.subreddits or self.search or self.inbox):
            raise ValueError(
                "没有可读的内容 reads nothing: give subreddits or search, or set inbox = true"
            )
        return self

    @property
    def token_url(self) -> str:
        """Base URL for tokens; the secrets of a test server are never sent to Reddit."""
        if self.www_url is not None:
            return self.www_url.rstrip("/")
        return WWW_URL if self.base_url.rstrip("/") == API_URL else self.base_url.rstrip("/")

    @property
    def agent(self) -> str:
        """``user_agent``, or one in the form that Reddit asks for."""
        by = f" (by /u/{self.username})" if self.username else ""
        return self.user_agent or f"server:tingfeng:v0.1{by}"
