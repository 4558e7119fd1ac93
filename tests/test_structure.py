"""The shape of the code: how long a file is, who imports whom, names of classes.

Run with ``-s`` to see the figures. Each check is also shown to fail on a planted fault.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from tests.source_tree import (
    PACKAGES,
    Module,
    docstrings,
    importers,
    modules,
    parsed,
    production,
    public_classes,
)

LONGEST: Final = 500
"""Lines of a file whose docstring does not say why it is longer."""
REASON: Final = f"{LONGEST} lines"
"""In the sentence of the docstring that says why: *Longer than 500 lines, since …*"""
SINGLE_IMPORTERS: Final = 0.20
"""Largest share of modules with one importer."""
SHARED_CLASS_NAMES: Final = 0
"""Public class names that several modules define."""
REGISTRIES: Final = frozenset(
    {
        "connectors.registry",
        "responders.alerting.receivers.registry",
        "console.pages.registry",
        "cli.main",
        "run",
    }
)
"""Modules that name each connector, receiver, page or command, and the entry point; being named by
one is no reason to join it."""


def too_long(module: Module) -> bool:
    """True for a long file that does not say why."""
    first = next(iter(docstrings(module)), (0, ""))[1]
    return len(module.source.splitlines()) > LONGEST and REASON not in " ".join(first.split())


def single_importers(among: Sequence[Module]) -> Mapping[str, str]:
    """Modules that one other module imports, and which; packages and registries apart."""
    packages = {one.name for one in among if one.file.endswith("/__init__.py")}
    return {
        name: next(iter(by))
        for name, by in importers(among).items()
        if name not in packages and len(by) == 1 and not by & REGISTRIES
    }


def shared_class_names(among: Sequence[Module]) -> Mapping[str, Sequence[str]]:
    """Public names of classes that stand in several modules."""
    found: dict[str, list[str]] = defaultdict(list)
    for module in among:
        for name in public_classes(module):
            found[name].append(module.name)
    return {name: where for name, where in sorted(found.items()) if len(where) > 1}


def test_a_long_file_says_why() -> None:
    everything = modules("run.py", *PACKAGES, "examples", "benchmarks", "tests")
    assert [module.file for module in everything if too_long(module)] == []


def test_few_modules_have_a_single_importer() -> None:
    among = production()
    counted = [one for one in among if not one.file.endswith("/__init__.py")]
    found = single_importers(among)
    share = len(found) / len(counted)
    print(f"\n{len(found)} of {len(counted)} modules have one importer: {share:.1%}")
    for name, by in sorted(found.items()):
        print(f"  {name} <- {by}")
    assert share <= SINGLE_IMPORTERS, sorted(found.items())


def test_a_class_name_means_one_thing() -> None:
    found = shared_class_names(production())
    print(f"\n{len(found)} names of classes are shared")
    for name, where in found.items():
        print(f"  {name}: {', '.join(where)}")
    assert len(found) <= SHARED_CLASS_NAMES, found


def test_a_long_file_is_caught() -> None:
    lines = "\n" * (LONGEST + 1)
    assert too_long(parsed("a", "a.py", f'"""A thing."""{lines}'))
    why = f'"""Longer than 500\nlines, since it is one table."""{lines}'
    assert not too_long(parsed("a", "a.py", why))
    assert not too_long(parsed("a", "a.py", '"""A thing."""'))


def test_a_single_importer_is_caught() -> None:
    among = [
        parsed("core.a", "core/a.py", ""),
        parsed("core.b", "core/b.py", "from core.a import x"),
        parsed("core.c", "core/c.py", "import core.b"),
        parsed("core.d", "core/d.py", "from core import b"),
        parsed("core.e", "core/e.py", ""),
        parsed("console.pages.registry", "console/pages/registry.py", "from core.e import Page"),
    ]
    assert single_importers(among) == {"core.a": "core.b"}


def test_a_shared_class_name_is_caught() -> None:
    among = [
        parsed("core.a", "core/a.py", "class Entry: ...\nclass _Own: ..."),
        parsed("core.b", "core/b.py", "class Entry: ...\nclass _Own: ..."),
    ]
    assert shared_class_names(among) == {"Entry": ["core.a", "core.b"]}


@pytest.mark.parametrize("source", ["class A: ...", "A = 1"])
def test_one_definition_is_no_shared_name(source: str) -> None:
    assert shared_class_names([parsed("core.a", "core/a.py", source)]) == {}
