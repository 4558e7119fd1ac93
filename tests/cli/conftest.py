"""A small brand of its own for every test."""

from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "supermarket"

CONFIG = """
[[brands]]
id = "hejia"
name = "禾家超市"
terms = ["禾家", "Hejia"]

[[channels]]
name = "webchat"
type = "webchat"

[console]
port = 0

[knowledge]
folder = "{example}/knowledge"

[playbook]
file = "{example}/playbook.toml"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "tingfeng.toml"
    file.write_text(CONFIG.format(example=EXAMPLE), encoding="utf-8")
    return file
