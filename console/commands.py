"""The command line over a house that the composition root builds."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

import typer
from rich.console import Console as Terminal
from starlette.applications import Starlette

from console.app import require_vendor
from console.assembly import build_console
from console.logs import configure_logs
from console.ports import ConsoleStore, WebChat
from console.replaying import AlertWork, Feed, play
from console.server import bind
from console.serving import run_all
from console.terminal import Trial, banner, report_table, trial_table
from console.trying import try_out
from core.bus import Bus
from core.clock import Clock
from core.config import Settings
from core.duty import Duty
from core.engine import Engine
from core.errors import InputError
from core.pipeline import Pipeline
from core.ports import Connector, Inbox
from core.records import Outcome
from core.report import Stopwatch
from core.types import Event, Received

ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration (TOML).")]
Port = Annotated[int | None, typer.Option(help="Instead of console.port; 0 takes a free one.")]
Speed = Annotated[str, typer.Option(help="max, or how many times faster than life.")]
Report = Annotated[Path | None, typer.Option(help="Where to write the report (JSON).")]
Replies = Annotated[Path | None, typer.Option(help="Where to write replies (JSON Lines).")]
