"""The house's records as JSON: field names as in core, times in ISO 8601, nothing left out."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum

from starlette.responses import Response

from console.json_view import iso


def plain(value: object) -> object:
    """``value`` as what JSON knows; bytes become text with U+FFFD for what is none."""
    found = value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        found = {field.name: plain(getattr(value, field.name)) for field in fields}
    elif isinstance(value, datetime):
        found = iso(value)
    elif isinstance(value, timedelta):
        found = value.total_seconds()
    elif isinstance(value, Enum):
        found = plain(value.value)
    elif isinstance(value, bytes):
        found = value.decode("utf-8", "replace")
    elif isinstance(value, Mapping):
        found = {str(key): plain(part) for key, part in value.items()}
    elif isinstance(value, Sequence) and not isinstance(value, str):
        found = [plain(part) for part in value]
    return found


def dumps(value: object) -> str:
    """JSON in ASCII, so that any text whatever can be sent."""
    return json.dumps(plain(value), separators=(",", ":"))


def json_response(value: object, *, status: int = 200) -> Response:
    return Response(dumps(value), status_code=status, media_type="application/json")
