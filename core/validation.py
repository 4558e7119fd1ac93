"""Checks a part of the configuration against its model, and says its mistakes in our own words.

A value is never repeated, since it may be a secret.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NotRequired, TypedDict, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import Problem

M = TypeVar("M", bound=BaseModel)
StandIn = Callable[[int], object]


class Detail(TypedDict):
    """The part of an error of pydantic that is used here."""

    type: str
    loc: tuple[int | str, ...]
    ctx: NotRequired[dict[str, object]]


CORRECT: Final = "Correct the value."
MESSAGES: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "unknown key",
    "greater_than": "has to be greater than {gt:g}",
    "greater_than_equal": "has to be {ge:g} or more",
    "less_than": "has to be less than {lt:g}",
    "less_than_equal": "has to be {le:g} or less",
    "multiple_of": "has to be a multiple of {multiple_of}",
    "finite_number": "has to be a finite number",
    "too_short": "needs at least {min_length} entries",
    "too_long": "takes at most {max_length} entries",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "takes at most {max_length} characters",
    "string_pattern_mismatch": "is not in the form {pattern}",
    **dict.fromkeys(("literal_error", "enum"), "takes only {expected}"),
    **dict.fromkeys(
        ("string_type", "string_sub_type", "string_unicode"), 'has to be text in quotes: "…"'
    ),
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_parsing_size", "int_from_float"),
        "has to be a whole number, without quotes",
    ),
    **dict.fromkeys(("float_type", "float_parsing"), "has to be a number, without quotes"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "has to be true or false"),
    **dict.fromkeys(
        ("tuple_type", "list_type", "set_type", "frozen_set_type", "iterable_type"),
        'has to be a list in brackets: ["…", "…"]',
    ),
    **dict.fromkeys(
        ("model_type", "model_attributes_type", "dict_type", "mapping_type", "dataclass_type"),
        "has to be a table: [name], or [[name]] for one of several",
    ),
    "none_required": "takes no value",
}
"""By the type of pydantic's error; ``{fields}`` are those of its context."""
OTHER: Final = "is not a value that is taken here"
_NOTHING: Final[Mapping[tuple[str, ...], StandIn]] = {}


def validate(
    model: type[M],
    data: object,
    prefix: str,
    problems: list[Problem],
    *,
    also: Iterable[str] = (),
) -> M | None:
    """Validate a part of the tree, adding its mistakes to ``problems`` under ``prefix``.

    ``also`` are keys beside the model's own, for the suggestion where a key is unknown.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found: dict[str, Problem] = {}
        details = error.errors(include_input=False, include_url=False)
        for detail in details:
            if detail["type"] == "too_short" and _has_beneath(details, detail["loc"]):
                continue  # too short only without its invalid entries
            problem = _problem(detail, model, data, prefix, also)
            if problem.key in found and found[problem.key].message != problem.message:
                either = f"{found[problem.key].message}; or: {problem.message}"
                problem = Problem(key=problem.key, message=either, remedy=problem.remedy)
            found[problem.key] = problem
        problems += found.values()
        return None


def salvage(
    model: type[M], data: object, stand_ins: Mapping[tuple[str, ...], StandIn] = _NOTHING
) -> M | None:
    """The valid part of a table of the tree, with defaults for the rest; ``None`` where that fails.

    It is what the remaining checks go on with, once ``validate`` has told what is wrong.
    ``stand_ins`` makes a value for a required key that is missing, from the number of its entry,
    by the key's path without numbers.
    """
    for _ in range(_MOST_MISTAKES):
        try:
            return model.model_validate(data)
        except ValidationError as error:
            pruned = data
            for detail in error.errors(include_input=False, include_url=False):
                path = _written(detail["loc"], data)
                numbers = [one for one in path if isinstance(one, int)]
                make = stand_ins.get(tuple(one for one in path if isinstance(one, str)))
                if detail["type"] == "missing" and make is not None:
                    pruned = _changed(pruned, path, make(numbers[-1] if numbers else 0))
                    continue
                while detail["type"] == "missing" and path and not isinstance(path[-1], int):
                    path = path[:-1]  # the entry that lacks it goes
                pruned = _changed(pruned, path, None)
            if pruned == data:
                return None
            data = pruned
    return None


_MOST_MISTAKES: Final = 50
"""Rounds of ``salvage``: a mistake may hide one more, seldom a third."""


def dotted(prefix: str, path: Iterable[str | int]) -> str:
    """A key as it is shown: ``channels[0].type``."""
    key = prefix
    for step in path:
        key += f"[{step}]" if isinstance(step, int) else f".{step}"
    return key.lstrip(".") or "(file)"


def _has_beneath(details: Iterable[Detail], path: tuple[int | str, ...]) -> bool:
    return any(len(one["loc"]) > len(path) and one["loc"][: len(path)] == path for one in details)


def _problem(
    detail: Detail, model: type[BaseModel], data: object, prefix: str, also: Iterable[str]
) -> Problem:
    path = _written(detail["loc"], data)
    remedy = CORRECT
    if detail["type"] == "extra_forbidden":
        known = {*_keys_at(model, path[:-1]), *(also if len(path) == 1 else ())}
        remedy = _suggest(str(path[-1]), known)
    elif detail["type"] == "missing":
        remedy = "Add it."
    return Problem(key=dotted(prefix, path), message=_message(detail), remedy=remedy)


def _message(detail: Detail) -> str:
    context = detail.get("ctx", {})
    if detail["type"] in {"value_error", "assertion_error"}:
        return str(context["error"])  # a validator of our own, in our own words
    return MESSAGES.get(detail["type"], OTHER).format_map(context)


def _written(path: Sequence[str | int], data: object) -> tuple[str | int, ...]:
    """The part of an error's place that stands in the file: without branches of unions."""
    found: list[str | int] = []
    for step in path:
        if isinstance(data, dict) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, dict):
            pass  # one table stands where a list of tables may
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            break
        found.append(step)
    return tuple(found)


def _changed(data: object, path: Sequence[str | int], value: object) -> object:
    """A copy of the tree with ``value`` at ``path``, or without that key where it is ``None``.

    An entry that goes takes its whole list along, so that no other entry changes its number.
    """
    if not path or not isinstance(data, dict | list):
        return data
    step, rest = path[0], path[1:]
    if isinstance(data, list):
        return [
            _changed(part, rest, value) if place == step else part
            for place, part in enumerate(data)
        ]
    others = {name: part for name, part in data.items() if name != step}
    is_whole = not rest or (len(rest) == 1 and isinstance(rest[0], int))
    if is_whole:
        return others if value is None else {**others, step: value}
    return {**others, step: _changed(data[step], rest, value)} if step in data else data


def _keys_at(model: type[BaseModel], path: Sequence[str | int]) -> Iterable[str]:
    """The keys of the table at ``path``."""
    found: type[BaseModel] | None = model
    for step in path:
        if isinstance(step, str):
            field = None if found is None else found.model_fields.get(step)
            found = None if field is None else _table(field.annotation)
    return () if found is None else found.model_fields


def _table(annotation: object) -> type[BaseModel] | None:
    """The model within an annotation such as ``tuple[Model, ...]`` or ``Model | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = (_table(part) for part in getattr(annotation, "__args__", ()))
    return next((part for part in parts if part is not None), None)


def _suggest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return "Remove it, or see docs/reference/configuration.md for the keys there are."
