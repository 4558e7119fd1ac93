"""Records as compact JSON bytes and back, exactly: NUL and lone surrogates survive.

The shape follows the dataclass. A field that equals its default is left out, so a record written
before a field existed reads back with that field's default. A datetime is microseconds since 1970.
"""

import dataclasses
import json
import types
from collections.abc import Callable, Hashable
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from core.clock import micros, moment

T = TypeVar("T")
Convert = Callable[[object], object]
_read: Final = json.JSONDecoder().raw_decode


def dump(value: object) -> bytes:
    """A dataclass as UTF-8 JSON, with lone surrogates passed through."""
    tree = _encoder(cast("Hashable", type(value)))(value)
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def load(kind: type[T], data: bytes) -> T:
    """The dataclass that ``dump`` wrote."""
    tree, _ = _read(data.decode("utf-8", "surrogatepass"))
    return cast("T", _decoder(cast("Hashable", kind))(tree))


def key_of(text: str) -> str | bytes:
    """A text as a value that databases compare exactly; bytes where UTF-8 cannot hold it."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def text_of(key: str | bytes) -> str:
    """The text that ``key_of`` was given."""
    return key if isinstance(key, str) else key.decode("utf-8", "surrogatepass")


class Plain:
    """Writes records and names as they are."""

    plain: Final = True
    dump = staticmethod(dump)
    load = staticmethod(load)
    who = staticmethod(key_of)

    def seal(self, data: bytes) -> bytes:
        return data

    def open(self, data: bytes) -> bytes:
        return data

    def is_fresh(self, data: bytes) -> bool:
        return True


@cache
def _encoder(kind: type) -> Convert:
    hints = get_type_hints(kind)
    plan = [
        (each.name, _default(each), _field_encoder(hints[each.name]))
        for each in dataclasses.fields(kind)
    ]

    def encode(value: object) -> object:
        out: dict[str, object] = {}
        for name, default, convert in plan:
            part = getattr(value, name)
            if part is default or part == default:
                continue
            out[name] = part if convert is None else convert(part)
        return out

    return encode


@cache
def _decoder(kind: type) -> Convert:
    hints = get_type_hints(kind)
    known = {each.name for each in dataclasses.fields(kind)}
    plan = [
        (name, convert)
        for name in sorted(known)
        if (convert := _field_decoder(hints[name])) is not None
    ]

    def decode(value: object) -> object:
        found = cast("dict[str, object]", value)
        if not found.keys() <= known:
            found = {name: part for name, part in found.items() if name in known}
        for name, convert in plan:
            if name in found:
                found[name] = convert(found[name])
        return kind(**found)

    return decode


def _default(each: dataclasses.Field[object]) -> object:
    if each.default_factory is not dataclasses.MISSING:
        return each.default_factory()
    return each.default


def _without_none(hint: object) -> object:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [part for part in get_args(hint) if part is not type(None)]
        return rest[0] if len(rest) == 1 else hint
    return hint


def _field_encoder(hint: object) -> Convert | None:
    inner = _without_none(hint)
    convert: Convert | None = None
    if inner is datetime:
        convert = cast("Convert", micros)
    elif dataclasses.is_dataclass(inner) and isinstance(inner, type):
        convert = _encoder(inner)
    elif (each := _item(inner)) is not None and (part := _field_encoder(each)) is not None:
        convert = _list_of(part)
    if convert is None or inner is hint:
        return convert
    return _optional(convert)


def _field_decoder(hint: object) -> Convert | None:
    inner = _without_none(hint)
    convert: Convert | None = None
    if inner is datetime:
        convert = cast("Convert", moment)
    elif get_origin(inner) is tuple:
        each = _item(inner)
        part = None if each is None else _field_decoder(each)
        convert = _tuple if part is None else _tuple_of(part)
    elif isinstance(inner, type) and issubclass(inner, StrEnum):
        convert = cast("Convert", inner)
    elif dataclasses.is_dataclass(inner) and isinstance(inner, type):
        convert = _decoder(inner)
    if convert is None or inner is hint:
        return convert
    return _optional(convert)


def _optional(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _tuple(value: object) -> object:
    return tuple(
        _tuple(part) if isinstance(part, list) else part for part in cast("list[object]", value)
    )


def _item(hint: object) -> object | None:
    """``X`` of ``tuple[X, ...]``; ``None`` for anything else."""
    if get_origin(hint) is not tuple:
        return None
    first, *rest = get_args(hint)
    return first if rest == [...] else None


def _list_of(convert: Convert) -> Convert:
    return lambda value: [convert(part) for part in cast("tuple[object, ...]", value)]


def _tuple_of(convert: Convert) -> Convert:
    return lambda value: tuple(convert(part) for part in cast("list[object]", value))
