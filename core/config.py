"""The configuration file: its keys, their defaults, and every mistake in it at once."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from core.errors import ConfigError, Problem

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
M = TypeVar("M", bound=BaseModel)
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Section(BaseModel):
    """A table of the file; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Brand(Section):
    """One brand to listen for."""

    id: Id
    name: str = Field(min_length=1)
    terms: tuple[str, ...] = Field(min_length=1)
    """Names and aliases; any of them found in a text is a match."""
    required: tuple[str, ...] = ()
    """At least one of these must also be there, if any is given."""
    excluded: tuple[str, ...] = ()
    """None of these may be there."""


class Store(Section):
    """Where everything is kept: ``sqlite:PATH``, or ``mongodb://HOST/DATABASE``."""

    url: str = "sqlite:data/tingfeng.db"


class Console(Section):
    """The web console and the web chat."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    language: Literal["zh", "en"] = "zh"
    chat_origins: tuple[str, ...] = ()
    """Sites (``https://www.example.com``) that may embed the web chat."""


class Channel(BaseModel):
    """One connector; the keys beside these two are the connector's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Id
    type: str

    @property
    def settings(self) -> dict[str, object]:
        """The connector's own settings, not validated yet."""
        return dict(self.model_extra or {})


class Knowledge(Section):
    """The knowledge base: a folder of Markdown articles."""

    folder: str = "knowledge"


class Playbook(Section):
    """The rules of decision."""

    file: str = "playbook.toml"


class Webhook(Section):
    """A receiver of signed alerts."""

    url: str = Field(pattern=r"^https?://")
    secret: SecretStr = Field(min_length=16)


class Alerts(Section):
    """When staff are warned, and where beside the console and the log."""

    authors: int = Field(default=8, ge=2)
    """Distinct authors of negative mentions that make an alert."""
    window_minutes: float = Field(default=60, gt=0)
    webhooks: tuple[Webhook, ...] = ()


class Sla(Section):
    """How soon a person has to answer a ticket, in minutes by severity."""

    p1: float = Field(default=15, gt=0)
    p2: float = Field(default=60, gt=0)
    p3: float = Field(default=240, gt=0)
    p4: float = Field(default=1440, gt=0)


class Schedule(Section):
    """What is done now and then."""

    reminder_minutes: float = Field(default=5, gt=0)
    """How often late tickets are looked for."""
    silence_hours: float = Field(default=24, gt=0)
    """A connector without an event for this long raises an alert."""
    raw_days: float = Field(default=90, gt=0)
    """How long raw events are kept."""


class Settings(Section):
    """The whole file."""

    brands: tuple[Brand, ...] = Field(min_length=1)
    channels: tuple[Channel, ...] = Field(min_length=1)
    store: Store = Store()
    console: Console = Console()
    knowledge: Knowledge = Knowledge()
    playbook: Playbook = Playbook()
    alerts: Alerts = Alerts()
    sla: Sla = Sla()
    schedule: Schedule = Schedule()
    sentiment: str = "linear"
    """Which model judges sentiment: see listeners.sentiment."""


def parse(text: str, environ: Mapping[str, str]) -> Settings:
    """Read a configuration; raises ConfigError with every mistake that was found.

    ``${NAME}`` in any string stands for the environment variable NAME.
    """
    try:
        tree: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(key="(file)", message=f"not TOML: {error}", remedy="Mend that line.")
        raise ConfigError((problem,)) from error
    problems: list[Problem] = []
    tree = _substitute(tree, environ, "", problems)
    settings = validate(Settings, tree, "", problems)
    if settings is not None:
        problems += _twice("brands", [brand.id for brand in settings.brands])
        problems += _twice("channels", [channel.name for channel in settings.channels])
    if problems or settings is None:
        raise ConfigError(tuple(problems))
    return settings


def validate(model: type[M], data: object, prefix: str, problems: list[Problem]) -> M | None:
    """Validate a part of the tree, adding its mistakes to ``problems`` under ``prefix``."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            key = _dotted(prefix, detail["loc"])
            if detail["type"] == "extra_forbidden":
                message, remedy = "unknown key", _suggest(str(detail["loc"][-1]), model)
            elif detail["type"] == "missing":
                message, remedy = "is missing", "Add it."
            else:
                message, remedy = detail["msg"], "Correct the value."
            problems.append(Problem(key=key, message=message, remedy=remedy))
        return None


def _dotted(prefix: str, path: Iterable[str | int]) -> str:
    key = prefix
    for step in path:
        key += f"[{step}]" if isinstance(step, int) else f".{step}"
    return key.lstrip(".") or "(file)"


def _suggest(name: str, model: type[BaseModel]) -> str:
    known = _all_keys(model)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return "Remove it, or see docs/configuration.md for the keys there are."


def _all_keys(model: type[BaseModel]) -> set[str]:
    keys: set[str] = set()
    for name, info in model.model_fields.items():
        keys.add(name)
        for part in (info.annotation, *getattr(info.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                keys |= _all_keys(part)
    return keys


def _substitute(
    value: object, environ: Mapping[str, str], key: str, problems: list[Problem]
) -> object:
    if isinstance(value, dict):
        return {
            name: _substitute(part, environ, f"{key}.{name}".lstrip("."), problems)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [
            _substitute(part, environ, f"{key}[{index}]", problems)
            for index, part in enumerate(value)
        ]
    if not isinstance(value, str):
        return value
    problems.extend(
        Problem(
            key=key,
            message=f"the environment variable {name} is not set",
            remedy=f"Set {name} before the start.",
        )
        for name in _VARIABLE.findall(value)
        if name not in environ
    )
    return _VARIABLE.sub(lambda found: environ.get(found[1], ""), value)


def _twice(key: str, names: list[str]) -> list[Problem]:
    return [
        Problem(
            key=f"{key}[{index}]",
            message=f"{name!r} is used twice",
            remedy="Give each its own.",
        )
        for index, name in enumerate(names)
        if name in names[:index]
    ]
