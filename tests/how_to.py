"""Follows a page of docs/how-to word for word, in a copy of the tree.

A code block with ``title="FILE"`` is a new file; with ``after='LINE'`` or ``before='LINE'`` it goes
beside the one line of FILE that begins so.
"""

import re
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(
    r'^```\w+ title="(?P<file>[^"]+)"'
    r"(?: (?P<how>after|before)=(?P<quote>[\"'])(?P<where>.+?)(?P=quote))?\n"
    r"(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def follow(page: Path, tree: Path) -> list[str]:
    """Apply the blocks of a page to a tree; the files that were written or changed."""
    changed: list[str] = []
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        file = tree / block["file"]
        if block["how"] is None:
            assert not file.exists(), file
            file.write_text(block["body"], encoding="utf-8")
        else:
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            places = [n for n, line in enumerate(lines) if line.startswith(block["where"])]
            assert len(places) == 1, (file, block["where"])
            at = places[0] + (block["how"] == "after")
            file.write_text("".join((*lines[:at], block["body"], *lines[at:])), encoding="utf-8")
        if block["file"] not in changed:
            changed.append(block["file"])
    return changed
