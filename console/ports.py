"""The parts beside the store that the console works with."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable


class Regroups(Protocol):
    """Where staff's word on what belongs together is heard. Either may raise Conflict."""

    @property
    def by_meaning(self) -> bool:
        """True where mentions are put together by what they mean, too, not by words alone."""
        ...

    async def merge(self, kept_id: str, gone_id: str, by: str) -> object:
        """Two incidents are one from now on; the second goes into the first."""
        ...

    async def split(self, seqs: Sequence[int], by: str) -> str:
        """These mentions are an incident of their own; returns its id."""
        ...


class WebChat(Protocol):
    """The connector behind the chat page."""

    @property
    def name(self) -> str:
        """The channel under which the store keeps its conversations."""
        ...

    def conversation(self, visitor: str) -> str:
        """Id of the visitor's conversation; ``visitor`` is the secret the browser keeps.

        Raises InputError where it is no such secret.
        """
        ...

    async def receive(self, visitor: str, message_id: str, text: str) -> None:
        """Store a message; durable on return, and one message however often it is repeated.

        Raises InputError for a text that cannot be taken, with the remedy.
        """
        ...


@runtime_checkable
class Coded(Protocol):
    """An InputError that a page can say in any language."""

    @property
    def code(self) -> str:
        """What is wrong, in one term: see ``chat.error.*`` in the catalogues."""
        ...

    @property
    def values(self) -> Mapping[str, int]:
        """What the sentence names; ``seconds`` is when the same message is taken."""
        ...
