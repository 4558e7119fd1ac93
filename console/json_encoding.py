"""Records as JSON: field names as in ``core``, times in ISO 8601, no field left out."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum

from starlette.responses import Response

from console.formatting import iso


def to_json(value: object) -> object:
    """Convert records, enums, times and bytes to what ``json`` encodes.

    Spans of time become seconds. Bytes are decoded as UTF-8, with U+FFFD in place of what is
    invalid.
    """
    found = value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        found = {field.name: to_json(getattr(value, field.name)) for field in fields}
    elif isinstance(value, datetime):
        found = iso(value)
    elif isinstance(value, timedelta):
        found = value.total_seconds()
    elif isinstance(value, Enum):
        found = to_json(value.value)
    elif isinstance(value, bytes):
        found = value.decode("utf-8", "replace")
    elif isinstance(value, Mapping):
        found = {str(key): to_json(part) for key, part in value.items()}
    elif isinstance(value, Sequence) and not isinstance(value, str):
        found = [to_json(part) for part in value]
    return found


def dumps(value: object) -> str:
    """Encode as ASCII, so that lone surrogates survive transport."""
    return json.dumps(to_json(value), separators=(",", ":"))


def json_response(value: object, *, status: int = 200) -> Response:
    return Response(dumps(value), status_code=status, media_type="application/json")
