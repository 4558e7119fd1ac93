"""What stands between records and the disk: nothing by default, encryption where there is a key."""

from typing import Protocol, TypeVar

from storage.encoding import dump, key_of, load

T = TypeVar("T")


class Seal(Protocol):
    """Hides the contents of records and the names that records are looked up by."""

    def seal(self, data: bytes) -> bytes:
        """What is written in place of ``data``."""
        ...

    def open(self, data: bytes) -> bytes:
        """What was sealed; raises StoreError where the key does not fit."""
        ...

    def is_fresh(self, data: bytes) -> bool:
        """True where ``data`` is sealed as ``seal`` would seal it now."""
        ...

    def blind(self, text: str) -> str | bytes:
        """The same value for the same text, and only for it."""
        ...


class Plain:
    """Writes records as they are."""

    def seal(self, data: bytes) -> bytes:
        return data

    def open(self, data: bytes) -> bytes:
        return data

    def is_fresh(self, data: bytes) -> bool:
        return True

    def blind(self, text: str) -> str | bytes:
        return key_of(text)


class Coder:
    """Records to what is written and back."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def dump(self, value: object) -> bytes:
        """A dataclass as it is written."""
        return self._seal.seal(dump(value))

    def load(self, kind: type[T], data: bytes) -> T:
        """The dataclass that ``dump`` wrote."""
        return load(kind, self._seal.open(data))

    @property
    def plain(self) -> bool:
        """True where nothing is hidden."""
        return isinstance(self._seal, Plain)

    def seal(self, data: bytes) -> bytes:
        """Bytes as they are written."""
        return self._seal.seal(data)

    def open(self, data: bytes) -> bytes:
        """The bytes that ``seal`` wrote."""
        return self._seal.open(data)

    def is_fresh(self, data: bytes) -> bool:
        """True where bytes are sealed under the newest key."""
        return self._seal.is_fresh(data)

    def who(self, text: str) -> str | bytes:
        """What a person or a conversation is looked up by."""
        return self._seal.blind(text)
