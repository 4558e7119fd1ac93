"""The rules of the house that no linter knows."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).exists()]


def test_the_top_level_is_the_owners() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT}
    assert folders <= {
        ".ci",
        "benchmarks",
        "connectors",
        "console",
        "core",
        "docs",
        "examples",
        "listeners",
        "moderation",
        "responders",
        "storage",
        "tests",
    }


def test_every_library_that_is_imported_is_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    wanted = {_name(re.split(r"[\[<>=]", each)[0]) for each in named}
    ours = {path.stem for path in ROOT.iterdir()} | set(sys.stdlib_module_names) | {"_typeshed"}
    owners = packages_distributions()
    missing = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in tracked("*.py")
        for module in _imports(ast.parse(path.read_text()))
        if module not in ours and not {_name(one) for one in owners.get(module, [module])} & wanted
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


def test_no_source_file_is_longer_than_one_idea() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked("*.py")
        if (count := len(path.read_text().splitlines())) > 300
    }
    assert long == {}


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
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("*.py")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


def test_the_readme_has_a_chinese_twin_with_the_same_commands() -> None:
    blocks = [
        re.findall(r"```(?:sh|bash|console)\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
        for name in ("README.md", "README.zh.md")
    ]
    assert blocks[0]
    assert [b.strip() for b in blocks[0]] == [b.strip() for b in blocks[1]]


def test_ci_runs_the_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    [block] = re.findall(r"<!-- test command -->\n```sh\n(.*?)```\n<!-- end -->", readme, re.DOTALL)
    assert "python -m tests" in block
    assert "test command" in (ROOT / ".ci/run").read_text()
