"""A server that speaks MongoDB's protocol over TCP, as a process of its own.

It is SecantusDB, a stand-in: the same suite runs on a real MongoDB where ``MONGO_URI`` names one.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def server(folder: Path, *options: str, port: int = 0) -> Iterator[str]:
    """Run the stand-in; yields its address, ``mongodb://HOST:PORT``; it ends by SIGKILL."""
    program = shutil.which("secantusd-py", path=str(Path(sys.executable).parent))
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("secantusdb is not installed: pip install -e '.[test]'")
        pytest.skip("left out: secantusdb is not installed (pip install -e '.[test]')")
    port = port or _free_port()
    where = ["--host", "127.0.0.1", "--port", str(port), "--storage-path", str(folder)]
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *where, "--sync-on-commit", *options], stdout=log, stderr=log, cwd=folder
        )
        try:
            _wait(process, port)
            yield f"mongodb://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(600):
        assert process.poll() is None, "the stand-in for MongoDB ended at once"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("the stand-in for MongoDB does not listen")
