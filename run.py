"""Starts Tingfeng: ``python run.py`` serves the supermarket example, ``--help`` lists commands."""

from pathlib import Path
from typing import Final

import cli.main
from cli.context import Example
from examples.supermarket.live import with_live_feed, write_drill

EXAMPLE: Final = Example(
    config=Path(__file__).resolve().parent / "examples" / "supermarket" / "tingfeng.toml",
    with_live_feed=with_live_feed,
    write_drill=write_drill,
)


def main() -> None:
    """Run the command line; the console script ``tingfeng``."""
    cli.main.main(EXAMPLE)


if __name__ == "__main__":
    main()
