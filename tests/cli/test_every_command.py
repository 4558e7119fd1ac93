"""The contract of commands, held by every command of the command line.

A command is found here because it is registered in ``cli.main.COMMANDS``.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command
from typer.testing import CliRunner, Result

from cli.main import COMMANDS
from core.errors import ConfigError
from tests.cli.invoking import commands

NAMES = (
    *("drill", "serve", "check", "try", "replay", "score", "voice", "adapt"),
    *("backtest volume", "backtest cascades", "backtest incidents"),
    *("backup", "restore", "migrate", "export", "erase", "doctor", "rotate"),
)
"""Commands that scripts of operators rely on; one may be added, none may go."""


def leaves(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every command that can be run, with the words that call it; groups are left out."""
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from leaves(child, (*path, name))
    else:
        yield path, command


FOUND = dict(leaves(get_command(commands())))
every_command = pytest.mark.parametrize("path", FOUND, ids=" ".join)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(commands(), arguments, input="y\n")


def named(path: tuple[str, ...]) -> TyperCommand:
    command = FOUND[path]
    assert isinstance(command, TyperCommand)
    return command


def required(command: TyperCommand) -> list[str]:
    """Arguments that satisfy every required parameter but ``--config``."""
    given: list[str] = []
    for parameter in command.params:
        if parameter.required and parameter.name != "config":
            is_argument = isinstance(parameter, TyperArgument)
            given += ["nothing"] if is_argument else [parameter.opts[0], "nothing"]
    return given


def test_no_command_has_gone() -> None:
    assert set(NAMES) <= {" ".join(path) for path in FOUND}
    assert len(set(COMMANDS)) == len(COMMANDS)


@every_command
def test_help_describes_the_command_and_every_option(path: tuple[str, ...]) -> None:
    result = invoke(*path, "--help")
    assert result.exit_code == 0
    command = named(path)
    assert (command.help or "").strip().endswith(".")
    for parameter in command.params:
        if isinstance(parameter, TyperOption):
            assert parameter.opts[0] in result.output


@every_command
def test_an_unknown_option_is_a_usage_error(path: tuple[str, ...]) -> None:
    result = invoke(*path, "--no-such-option")
    assert result.exit_code == 2
    assert "--no-such-option" in result.output


@every_command
def test_a_configuration_that_does_not_exist_is_named(
    path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINGFENG_KEY", "an old key")
    monkeypatch.setenv("TINGFENG_NEW_KEY", "a new key")
    command = named(path)
    if all(parameter.name != "config" for parameter in command.params):
        return  # the command works without one
    missing = str(tmp_path / "missing.toml")
    result = invoke(*path, *required(command), "--config", missing)
    assert result.exit_code == 1
    error = result.exception
    assert isinstance(error, ConfigError) or "Name a feed" in str(error)
