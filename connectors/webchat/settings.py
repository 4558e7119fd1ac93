"""Settings of a web chat channel; docs/reference/channels/webchat.md documents them."""

from pydantic import Field

from core.settings import Section


class WebchatSettings(Section):
    """Limits on what a visitor may send."""

    longest: int = Field(default=4000, ge=1, le=100_000)
    """Most characters in one message."""
    burst: int = Field(default=10, ge=1)
    """Most messages that a visitor may send at once."""
    per_second: float = Field(default=1.0, gt=0)
    """Messages a second that a visitor may send on average; refills the burst."""
