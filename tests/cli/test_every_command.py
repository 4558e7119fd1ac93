"""The contract of commands, held by every command of the command line.

A command is found here because it is registered in ``cli.main.COMMANDS``.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command
from typer.testing import CliRunner, Result

import run
from cli.main import COMMANDS, CommandModule, command_line
from cli.terminal import plain_console
from core.errors import ConfigError
from tests.cli.invoking import commands
from tests.cli.running import ROOT

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


@pytest.mark.parametrize("module", COMMANDS, ids=lambda module: module.module)
def test_a_module_adds_the_commands_that_it_is_called_for(module: CommandModule) -> None:
    """Called by name, the others are left out, and help and usage are the same."""
    for name in module.names:
        alone = get_command(command_line(run.EXAMPLE, plain_console(stderr=True), [name]))
        assert isinstance(alone, TyperGroup)
        assert tuple(alone.commands) == module.names
        found, whole = (
            CliRunner().invoke(line, [name, "--help"], prog_name="run.py").output
            for line in (commands_called(name), commands())
        )
        assert found == whole


def commands_called(*arguments: str) -> typer.Typer:
    return command_line(run.EXAMPLE, plain_console(stderr=True), arguments)


@pytest.mark.process
def test_a_command_imports_no_platform_that_it_does_not_need() -> None:
    code = "import sys, cli.main, run; sys.argv = ['run.py', 'score']\n"
    code += "try: run.main()\nfinally: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=b"", capture_output=True, check=False
    )
    loaded = set(done.stdout.decode().split())
    assert "listeners.judgement.judge" in loaded, done.stderr
    assert not loaded & {"aiohttp", "starlette", "aiogram", "tweepy", "praw", "storage", "console"}


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
