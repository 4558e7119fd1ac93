"""The declaration of one kind of alert receiver: its settings, and a builder from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import aiohttp

from core.clock import Clock
from core.errors import Problem
from core.settings import Section
from core.validation import validate
from responders.alerting.delivery import Receiver
from responders.alerting.receivers.message import MessageFormat

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiverContext:
    """Dependencies that every receiver gets besides its own settings."""

    format: MessageFormat
    session: aiohttp.ClientSession
    """Closed by its owner, not by a receiver."""
    clock: Clock


ReceiverBuilder = Callable[[ReceiverContext], Receiver]
"""Makes one configured receiver; opens no connection."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiverKind:
    """One kind of receiver; each receiver module declares its own as ``KIND``."""

    settings: type[Section]
    """Model of the configuration keys besides ``name`` and ``type``."""
    read: Callable[[str, Mapping[str, object], str, list[Problem]], ReceiverBuilder | None]
    """Validates name, settings and place in the configuration, adding mistakes to the list."""


def receiver_kind(
    settings: type[S], build: Callable[[str, S, ReceiverContext], Receiver]
) -> ReceiverKind:
    """Declare a kind of receiver.

    Args:
        settings: model of its configuration keys besides ``name`` and ``type``.
        build: makes a receiver from its name, its settings and the context.
    """

    def read(
        name: str, data: Mapping[str, object], place: str, problems: list[Problem]
    ) -> ReceiverBuilder | None:
        valid = validate(settings, data, place, problems)
        return None if valid is None else partial(build, name, valid)

    return ReceiverKind(settings=settings, read=read)
