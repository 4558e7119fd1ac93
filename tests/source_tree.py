"""The repository as data: tracked files, modules, who imports whom, docstrings, names."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = (
    "core",
    "connectors",
    "listeners",
    "moderation",
    "responders",
    "storage",
    "console",
    "cli",
)
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@cache
def tracked(*patterns: str) -> tuple[Path, ...]:
    """Files that git knows or would add, which match any of ``patterns``; all without one."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = sorted(set(listing.split("\0")) - {""})
    return tuple(path for name in names if (path := ROOT / name).is_file())


def relative(path: Path) -> str:
    """``path`` as written from the root."""
    return path.relative_to(ROOT).as_posix()


@dataclass(frozen=True, kw_only=True, eq=False)
class Module:
    """One Python file."""

    name: str
    """Dotted, as it is imported; a package has the name of its folder."""
    file: str
    """From the root."""
    source: str
    tree: ast.Module


def parsed(name: str, file: str, source: str) -> Module:
    """The module that ``source`` is."""
    return Module(name=name, file=file, source=source, tree=ast.parse(source))


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every Python file in ``folders``; a folder may be a single file."""
    found = []
    for path in tracked("*.py"):
        file = relative(path)
        if any(file == folder or file.startswith(f"{folder}/") for folder in folders):
            dotted = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            found.append(parsed(dotted, file, path.read_text("utf-8")))
    return tuple(found)


def production() -> tuple[Module, ...]:
    """The modules that are installed, without the example."""
    return modules(*PACKAGES, "run.py")


def importers(among: Sequence[Module]) -> Mapping[str, set[str]]:
    """For each module, the names of the modules that import it."""
    names = {one.name for one in among}
    found: dict[str, set[str]] = {name: set() for name in names}
    for one in among:
        for node in ast.walk(one.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    target = whole if whole in names else node.module
                    if target in names:
                        found[target].add(one.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in names:
                        found[alias.name].add(one.name)
    return found


@cache
def docstrings(module: Module) -> tuple[tuple[int, str], ...]:
    """Line and text of each docstring, those of attributes included."""
    found = []
    for node in ast.walk(module.tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        owns = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for before, each in zip([None, *body], body, strict=False):
            if (before is None and owns) or isinstance(before, ast.Assign | ast.AnnAssign):
                match each:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        found.append((each.lineno, text))
    return tuple(found)


def public_classes(module: Module) -> Iterator[str]:
    """Names of the classes at the top of a module that do not begin with an underscore."""
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


@cache
def identifiers(module: Module) -> tuple[tuple[int, str], ...]:
    """Line and text of each name that the module defines or uses; no keywords."""
    found = []
    for node in ast.walk(module.tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.append((node.lineno, name))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.append((node.lineno, name))
            case ast.ClassDef(name=name) | ast.keyword(arg=str(name)):
                found.append((node.lineno, name))
            case ast.alias():
                found.append((node.lineno, node.asname or node.name.rpartition(".")[2]))
    return tuple(found)


@cache
def lines_by_name(module: Module) -> Mapping[str, Sequence[int]]:
    """The lines of each name of ``identifiers``."""
    found: dict[str, list[int]] = {}
    for line, name in identifiers(module):
        found.setdefault(name, []).append(line)
    return found


@cache
def comments(module: Module) -> tuple[tuple[int, str], ...]:
    """Line and text of each comment."""
    return tuple(
        (token.start[0], token.string.lstrip("# "))
        for token in tokenize.generate_tokens(io.StringIO(module.source).readline)
        if token.type == tokenize.COMMENT
    )


@cache
def sentences(module: Module) -> tuple[tuple[int, str], ...]:
    """Line and text of each string of several words: messages, and docstrings."""
    return tuple(
        (node.lineno, node.value)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
    )


@cache
def words_of(identifier: str) -> tuple[str, ...]:
    """``MergedAlert`` and ``_merged_alert`` as ``merged``, ``alert``."""
    return tuple(word.lower() for word in _WORDS.findall(identifier))
