"""The repository around the code: layout, dependencies, locks, README, CI."""

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

from tests.source_tree import PACKAGES, ROOT, Module, modules, parsed, relative, tracked

FOLDERS: Final = {*PACKAGES, ".ci", ".github", "benchmarks", "docs", "examples", "tests"}
"""The top level is fixed by the product's owner."""
IN_ENGLISH_AND_CHINESE: Final = {
    "README.md": "README.zh.md",
    "docs/tutorial/quickstart.md": "docs/tutorial/quickstart.zh.md",
    "docs/reference/configuration.md": "docs/reference/configuration.zh.md",
}
CPU_CLOCKS: Final = {"time.perf_counter", "time.process_time", "time.thread_time"}
MEASURES: Final = {"tests/connectors/lag.py"}
"""Modules that measure for a benchmark; their tests assert no time."""
PROCESS: Final = {"subprocess", "tests.cli.running"}
"""Modules with which a test starts a process."""


def test_the_top_level_is_the_owners() -> None:
    folders = {relative(path).split("/")[0] for path in tracked() if path.parent != ROOT}
    assert folders - FOLDERS == set()


def test_every_library_that_is_imported_is_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    wanted = {_name(re.split(r"[\[<>=]", each)[0]) for each in named}
    ours = {path.stem for path in ROOT.iterdir()} | set(sys.stdlib_module_names) | {"_typeshed"}
    owners = packages_distributions()
    missing = {
        f"{module.file}: {imported}"
        for module in modules(*FOLDERS, "run.py")
        for imported in _imports(module.tree)
        if imported not in ours
        and not {_name(one) for one in owners.get(imported, [imported])} & wanted
    }
    assert missing == set()


def _name(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _imports(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_project_names_license_authors_and_no_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "MIT"
    assert project["authors"] == [{"name": "Tingfeng contributors"}]
    assert "urls" not in project
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


def test_no_lock_names_a_registry() -> None:
    [lock] = tracked("console/package-lock.json")
    packages = json.loads(lock.read_text())["packages"]
    assert packages
    assert all("resolved" not in package for package in packages.values())
    config = [p for p in tracked("*.toml", "*.npmrc", "*.json") if "registry=" in p.read_text()]
    assert config == []


@pytest.mark.parametrize(
    "pattern",
    [r"except (Exception|BaseException)?: *(pass|\.\.\.)$", r"# type: ignore(?!\[)", r"\bTODO\b"],
)
def test_nothing_is_swallowed_or_left_for_later(pattern: str) -> None:
    found = [
        f"{relative(path)}:{number}"
        for path in tracked("*.py")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


@pytest.mark.parametrize("english", IN_ENGLISH_AND_CHINESE)
def test_a_page_and_its_chinese_twin_have_the_same_commands(english: str) -> None:
    blocks = [
        re.findall(r"```(?:sh|bash|console|toml)\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
        for name in (english, IN_ENGLISH_AND_CHINESE[english])
    ]
    assert english != "README.md" or blocks[0]
    assert [_commands(block) for block in blocks[0]] == [_commands(block) for block in blocks[1]]


def _commands(block: str) -> list[str]:
    """The lines of ``block`` without comments, which are translated."""
    return [line.partition("#")[0].strip() for line in block.strip().splitlines()]


def test_ci_runs_the_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    [block] = re.findall(r"<!-- test command -->\n```sh\n(.*?)```\n<!-- end -->", readme, re.DOTALL)
    assert "python -m tests" in block
    assert "test command" in (ROOT / ".ci/run").read_text()


def test_what_starts_a_process_is_marked() -> None:
    """``python -m tests --fast`` leaves out what has a mark."""
    unmarked = [
        module.file
        for module in modules("tests")
        if module.file.rpartition("/")[2].startswith("test_")
        and any(
            isinstance(node, ast.Import | ast.ImportFrom)
            and PROCESS & {getattr(node, "module", None), *(one.name for one in node.names)}
            for node in ast.walk(module.tree)
        )
        and not re.search(r"mark\.(process|crash|browser)", module.source)
    ]
    assert unmarked == ["tests/storage/test_sqlite.py"], "which mounts a small disk"


def durations(module: Module) -> list[str]:
    """Places where a test times itself: CPU clocks, and asserted differences of time."""
    asserted = (node for node in ast.walk(module.tree) if isinstance(node, ast.Assert))
    differences = (
        part
        for node in asserted
        for part in ast.walk(node)
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub)
    )
    found = [node for node in ast.walk(module.tree) if ast.unparse(node) in CPU_CLOCKS]
    found += [node for node in differences if re.match(r"time\.\w+\(\)", ast.unparse(node))]
    return [f"{module.file}:{node.lineno}" for node in found if isinstance(node, ast.expr)]


def test_no_test_depends_on_the_speed_of_the_machine() -> None:
    """``tests.work`` counts work instead."""
    among = [module for module in modules("tests") if module.file not in MEASURES]
    assert [place for module in among for place in durations(module)] == []


def test_a_timed_test_is_caught() -> None:
    source = """
import time

start = time.process_time()
begin = time.monotonic()
assert time.monotonic() < begin + 120, "a bound for hangs"
assert time.monotonic() - begin < 5
"""
    assert durations(parsed("tests.a", "tests/a.py", source)) == ["tests/a.py:4", "tests/a.py:7"]


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in tracked("tests/*.py", "tests/**/*.py")}
    assert [relative(one) for one in sorted(folders) if not (one / "__init__.py").exists()] == []
