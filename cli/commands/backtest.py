"""``backtest``: runs the crisis detectors on recordings."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from cli.context import CliContext
from core.errors import InputError
from listeners.spread.backtests import cascade_forecasts, incident_groups, volume_alarms

Recording = Annotated[Path, typer.Argument(help="Its format is in docs/explanation/spread.md.")]


def add_backtests(app: typer.Typer, context: CliContext) -> None:
    """Add ``backtest volume``, ``backtest cascades`` and ``backtest incidents``."""
    backtest = typer.Typer(help="Try the detectors on recordings of your own.")
    app.add_typer(backtest, name="backtest")

    @backtest.command()
    def volume(
        file: Recording,
        threshold: Annotated[float, typer.Option(help="The score that is an alarm.")] = 7.75,
    ) -> None:
        """One line an alarm, from a CSV of timestamp,value in equal bins."""
        _print(volume_alarms(_lines(file), threshold=threshold))

    @backtest.command()
    def cascades(
        file: Recording,
        observe: Annotated[list[float], typer.Option(help="Seconds after the post.")],
        horizon: Annotated[float, typer.Option(help="Seconds after which it is over.")] = 604_800,
    ) -> None:
        """One line a post and observation: the final size that is forecast, with its band."""
        _print(cascade_forecasts(_lines(file), observe, horizon=horizon))

    @backtest.command()
    def incidents(file: Recording) -> None:
        """One line a post: the incident it belongs to."""
        _print(incident_groups(_lines(file)))


def _lines(file: Path) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8-sig", errors="surrogateescape") as lines:
            yield from lines
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error}). Name a recording.") from error


def _print(found: Iterable[Mapping[str, object]]) -> None:
    for each in found:
        sys.stdout.write(json.dumps(each, ensure_ascii=False) + "\n")
