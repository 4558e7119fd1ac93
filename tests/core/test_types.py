"""The vocabulary."""

from dataclasses import FrozenInstanceError, replace

import pytest

from core.model.events import EventKind
from tests.builders import event


def test_a_message_is_private_and_everything_else_is_public() -> None:
    assert not event(kind=EventKind.MESSAGE).public
    assert all(event(kind=kind).public for kind in EventKind if kind is not EventKind.MESSAGE)


def test_an_edit_of_a_private_message_stays_private() -> None:
    assert not replace(event(kind=EventKind.EDIT), private=True).public


def test_what_was_heard_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        event().text = "nothing"  # type: ignore[misc]
