"""Encryption at rest: records are sealed with AES-256-GCM, names are blinded with HMAC-SHA-256.

The store holds a ring of data keys and one index key, wrapped by the master key that only the
environment knows. Changing the master key wraps the ring anew and adds a data key, under which
everything is sealed anew; older data keys stay in the ring, for processes that know no other yet.
"""

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import StoreError
from storage.encoding import Plain, dump, load

RING: Final = "key_ring"
"""The setting that holds the wrapped keys."""
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_MAGIC: Final = b"\x01T"
_HEAD: Final = len(_MAGIC) + 2
_WRAPPED: Final = b"tingfeng key ring"
_BLIND_BYTES: Final = 16

T = TypeVar("T")


class Coder(Protocol):
    """Turns records into what is written and back, and names into what they are looked up by."""

    @property
    def plain(self) -> bool:
        """True where nothing is hidden."""
        ...

    def dump(self, value: object) -> bytes:
        """A dataclass as it is written."""
        ...

    def load(self, kind: type[T], data: bytes) -> T:
        """The dataclass that ``dump`` wrote; raises StoreError where the key does not fit."""
        ...

    def seal(self, data: bytes) -> bytes:
        """Bytes as they are written."""
        ...

    def open(self, data: bytes) -> bytes:
        """The bytes that ``seal`` wrote; raises StoreError where the key does not fit."""
        ...

    def is_fresh(self, data: bytes) -> bool:
        """True where ``data`` is sealed as ``seal`` would seal it now."""
        ...

    def who(self, text: str) -> str | bytes:
        """The key by which a person or a conversation is looked up: one for each text."""
        ...


def new_key() -> str:
    """A fresh master key, as ``TINGFENG_KEY`` takes it."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def parse_key(text: str) -> bytes:
    """The key in ``TINGFENG_KEY``; raises StoreError where it is none."""
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise StoreError(
            "TINGFENG_KEY is not a valid key: it takes 32 random bytes in base64. "
            "Make one with `python run.py rotate --config FILE` while TINGFENG_NEW_KEY is not set, "
            "and keep a copy where the data is not."
        )
    return key


class WrongKey(StoreError):
    """The data was written with another key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ring:
    """The keys of one store."""

    index: bytes
    keys: tuple[bytes, ...]
    """Data keys, the one in use last; a record names its key by place."""


def new_ring() -> Ring:
    return Ring(index=secrets.token_bytes(KEY_BYTES), keys=(secrets.token_bytes(KEY_BYTES),))


def with_new_key(ring: Ring) -> Ring:
    """A ring that seals with a new key and opens with all."""
    return Ring(index=ring.index, keys=(*ring.keys, secrets.token_bytes(KEY_BYTES)))


def wrap(ring: Ring, master: bytes) -> str:
    """The ring as it is stored."""
    plain = json.dumps([each.hex() for each in (ring.index, *ring.keys)]).encode()
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(master).encrypt(nonce, plain, _WRAPPED)).decode()


def unwrap(text: str, master: bytes, where: str) -> Ring:
    """The ring that ``wrap`` stored; raises StoreError where the key does not fit."""
    data = base64.b64decode(text)
    try:
        plain = AESGCM(master).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _WRAPPED)
    except InvalidTag:
        raise WrongKey(
            f"TINGFENG_KEY does not fit {where}. Set the key with which its data was written."
        ) from None
    index, *keys = (bytes.fromhex(each) for each in json.loads(plain))
    return Ring(index=index, keys=tuple(keys))


class Vault:
    """Seals records and blinds names with a ring."""

    plain: Final = False

    def __init__(self, ring: Ring) -> None:
        self._ciphers = [AESGCM(key) for key in ring.keys]
        self._index = ring.index
        self._head = _MAGIC + (len(ring.keys) - 1).to_bytes(2, "big")

    def dump(self, value: object) -> bytes:
        return self.seal(dump(value))

    def load(self, kind: type[T], data: bytes) -> T:
        return load(kind, self.open(data))

    def seal(self, data: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return self._head + nonce + self._ciphers[-1].encrypt(nonce, data, self._head)

    def open(self, data: bytes) -> bytes:
        head, nonce = data[:_HEAD], data[_HEAD : _HEAD + _NONCE_BYTES]
        place = int.from_bytes(head[len(_MAGIC) :], "big")
        if not head.startswith(_MAGIC) or place >= len(self._ciphers):
            raise StoreError(
                "a record was sealed with a key that this process does not know. "
                "Restart it with the TINGFENG_KEY that is set now."
            )
        try:
            return self._ciphers[place].decrypt(nonce, data[_HEAD + _NONCE_BYTES :], head)
        except InvalidTag:
            raise StoreError(
                "a record does not open with its key: it was damaged or changed. "
                "Run `python run.py doctor`, and restore the latest backup."
            ) from None

    def is_fresh(self, data: bytes) -> bool:
        return data.startswith(self._head)

    def who(self, text: str) -> bytes:
        data = text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._index, data, "sha256")[:_BLIND_BYTES]


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """The keys a store is opened with."""

    master: str | None = None
    """The value of ``TINGFENG_KEY``; a new store is encrypted if it is given."""
    ring: str | None = None
    """The ring that a new store takes over from the one that is moved into it."""
    as_is: bool = False
    """True where a store without encryption is opened all the same, and stays so."""

    def first_ring(self, *, empty: bool, where: str) -> str | None:
        """The ring to store in a store that has none; ``None`` where it gets none.

        Raises StoreError where it holds data that was written without a key.
        """
        if not self.master or self.as_is:
            return None
        if not empty:
            raise StoreError(
                f"{where} holds data that was written without a key. Unset TINGFENG_KEY, or move "
                f"the data to a new store with `python run.py migrate`, which encrypts it there."
            )
        return self.ring or wrap(new_ring(), parse_key(self.master))


NO_KEY: Final = Keys()
"""For a store without encryption."""


def unlock(ring: str | None, keys: Keys, where: str) -> Coder:
    """The coder of a store; ``ring`` is its value ``RING``.

    Raises StoreError where the key is missing or does not fit.
    """
    if ring is None:
        return Plain()
    if not keys.master:
        raise StoreError(
            f"{where} is encrypted. Set TINGFENG_KEY to the key with which it was written."
        )
    return Vault(unwrap(ring, parse_key(keys.master), where))


def rotated(ring: str, old: str, new: str, where: str) -> str:
    """The ring under a new master key, with a new data key for what is written from now on."""
    return wrap(with_new_key(unwrap(ring, parse_key(old), where)), parse_key(new))
