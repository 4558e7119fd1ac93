"""Writes a generated week as a feed: ``python -m examples.supermarket.scenario --out FILE``."""

import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from examples.supermarket.posts import as_event, as_label
from examples.supermarket.rhythm import LOCAL
from examples.supermarket.week import week


def write_lines(path: Path, lines: Iterable[Mapping[str, object]]) -> None:
    """Write JSON Lines, gzipped where the name ends in ``.gz``; the bytes are reproducible."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    data = text.encode("utf-8")
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def main(
    out: Annotated[Path, typer.Option(help="The feed; gzipped where it ends in .gz.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same feed.")] = 7,
    days: Annotated[int, typer.Option(min=1, max=366)] = 7,
    start: Annotated[
        str, typer.Option(help="First day, ISO 8601; midnight in China where no zone is given.")
    ] = "2025-03-03",
    labels: Annotated[
        Path | None, typer.Option(help="Also write what each event is in truth.")
    ] = None,
) -> None:
    """Generate what is written about the shop: promotion on day 3, crisis on day 5."""
    try:
        begin = datetime.fromisoformat(start)
    except ValueError as error:
        raise typer.BadParameter(
            f"{start!r} is not an ISO 8601 date. Write it as 2025-03-03.", param_hint="--start"
        ) from error
    posts = week(seed, begin if begin.tzinfo else begin.replace(tzinfo=LOCAL), days)
    try:
        write_lines(out, map(as_event, posts))
        if labels is not None:
            write_lines(labels, map(as_label, posts))
    except OSError as error:
        raise typer.BadParameter(
            f"{error.filename} cannot be written: {error.strerror}."
        ) from error
    typer.echo(f"{len(posts)} events in {out}")


if __name__ == "__main__":
    typer.run(main)
