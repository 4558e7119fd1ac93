"""Registered types: building one imports its own library only."""

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.registry import REGISTRY
from connectors.webchat.settings import WebchatSettings
from core.connector import ChecksCredentials, ReportsHealth
from core.errors import Problem
from core.validation import validate
from tests.connectors.support import ConnectorKit
from tests.connectors.telegram.server import TOKEN


@pytest.mark.parametrize(
    ("kind", "settings"),
    [("webchat", {}), ("replay", {"file": "x"}), ("telegram", {"token": TOKEN})],
)
async def test_each_type_is_built_from_its_settings(
    kind: str, settings: dict[str, object], tmp_path: Path
) -> None:
    problems: list[Problem] = []
    valid = validate(REGISTRY[kind].settings, settings, "channels[0]", problems)
    assert valid is not None
    connector = REGISTRY[kind].build("name", valid, ConnectorKit(folder=tmp_path).context)
    assert connector.name == "name"
    assert (
        isinstance(connector, ChecksCredentials)
        == isinstance(connector, ReportsHealth)
        == (kind == "telegram")
    )
    await connector.close()


def test_what_would_fail_at_the_start_is_found_by_the_check(tmp_path: Path) -> None:
    replay = REGISTRY["replay"]
    missing = validate(replay.settings, {"file": "x"}, "", [])
    assert missing is not None
    assert [problem.key for problem in replay.inspect(missing, tmp_path)] == ["file"]
    assert REGISTRY["webchat"].inspect(WebchatSettings(), tmp_path) == ()


def test_settings_of_another_type_are_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="ReplaySettings expected, not WebchatSettings"):
        REGISTRY["replay"].build("name", WebchatSettings(), ConnectorKit(folder=tmp_path).context)


def test_a_mistake_in_the_settings_names_its_key() -> None:
    problems: list[Problem] = []
    validate(REGISTRY["replay"].settings, {"fil": "x"}, "channels[2]", problems)
    assert {problem.key for problem in problems} == {"channels[2].file", "channels[2].fil"}


@pytest.mark.process
def test_the_registry_imports_no_platforms_library() -> None:
    heavy = "{'aiogram', 'praw', 'tweepy'}"
    code = f"import sys, connectors.registry; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"
