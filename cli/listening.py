"""Commands that need the listeners alone."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from core.errors import InputError
from core.mentions import CorrectedMention
from core.settings import Settings
from listeners.factory import build_understanding
from listeners.learning.adapt import adapt_and_report, output_path
from listeners.learning.labels import labels_from_corrections, labels_from_file
from listeners.reports import score_lines, share_of_voice_lines
from listeners.spread.backtests import cascade_forecasts, incident_groups, volume_alarms

Recording = Annotated[Path, typer.Argument(help="Its format is in docs/explanation/spread.md.")]
ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration (TOML).")]


def add_listening(
    app: typer.Typer,
    read: Callable[[Path], Settings],
    example: Path,
    corrections: Callable[[Path], Sequence[CorrectedMention]],
) -> None:
    """Add what needs the listeners alone.

    ``read`` gives the settings of a configuration file, ``corrections`` what staff corrected in
    its store.
    """

    @app.command()
    def score(config: ConfigFile = example) -> None:
        """Judge JSON Lines {"id", "text"} from standard input, one line each, in order."""
        understanding = build_understanding(read(config), config.resolve().parent)
        status = score_lines(sys.stdin.buffer, understanding, out=sys.stdout, errors=sys.stderr)
        raise typer.Exit(status)

    @app.command()
    def voice(config: ConfigFile = example) -> None:
        """How much JSON Lines {"id", "text"} from standard input speak of each brand, and how."""
        understanding = build_understanding(read(config), config.resolve().parent)
        status = share_of_voice_lines(
            sys.stdin.buffer, understanding, out=sys.stdout, errors=sys.stderr
        )
        raise typer.Exit(status)

    @app.command()
    def adapt(
        config: ConfigFile = example,
        out: Annotated[
            Path | None, typer.Option(help="Where to write; beside the configuration by default.")
        ] = None,
        labels: Annotated[
            Path | None,
            typer.Option(
                help="JSON Lines with text, sentiment, complaint, category instead of the store."
            ),
        ] = None,
    ) -> None:
        """Learn from what staff corrected in the console, if that proves a step forward."""
        known = (
            labels_from_corrections(corrections(config))
            if labels is None
            else labels_from_file(labels)
        )
        place = output_path(read(config), config.resolve().parent, out)
        raise typer.Exit(adapt_and_report(known, place, out=sys.stdout))

    _add_backtests(app)


def _add_backtests(app: typer.Typer) -> None:
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
