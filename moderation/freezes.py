"""Pauses of automatic replies that the operator has written down."""

from collections.abc import Mapping

from core.records import Reply


class ChannelFreezes:
    """Channels on which the machine keeps silent, each with the reason for staff."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        """``reasons`` by name of channel; the name ``*`` pauses every channel."""
        self._reasons = dict(reasons)

    async def frozen(self, reply: Reply) -> str | None:
        """As Freezes.frozen."""
        return self._reasons.get(reply.target.channel, self._reasons.get("*"))
