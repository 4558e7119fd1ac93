"""Terminal output: tables, banners and progress bars."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from cli.catalogue import shipped_catalogue
from cli.problems import in_every_language
from cli.terminal import visible
from console.drill import DrillScore
from console.formatting import countdown
from core.errors import Problem
from core.localized import UI_LANGUAGES
from core.model.mentions import Mention
from core.model.outcomes import Plan
from storage.portable import Progress as StoreProgress

OPERATOR: Final = "operator"
"""Author of entries in the audit log where ``--by`` is left out."""
_COLOURS = {"negative": "red", "neutral": "default", "positive": "green"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """The outcome of one text under ``try``; ``dropped`` is the reason without a mention."""

    text: str
    mention: Mention | None
    plan: Plan | None
    dropped: str = ""


def bilingual(id_: str, between: str = " ", /, **fields: object) -> str:
    """The message in Chinese and in English, which commands print side by side."""
    catalogue = shipped_catalogue()
    return between.join(catalogue.say(id_, language, **fields) for language in UI_LANGUAGES)


def trial_table(trials: Sequence[Trial]) -> Table:
    """One row a text: its judgement, the decision and the rule behind it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    for heading in ("cli.try.text", "cli.try.judgement", "cli.try.decision"):
        table.add_column(bilingual(heading), overflow="fold", ratio=1)
    for trial in trials:
        if trial.mention is None or trial.plan is None:
            table.add_row(Text(visible(trial.text, 80)), "—", Text(trial.dropped))
            continue
        table.add_row(
            Text(visible(trial.text, 80)),
            Text(
                "\n".join(_judgement_lines(trial.mention)),
                style=_COLOURS[trial.mention.judgement.sentiment],
            ),
            Text("\n".join(_decision_lines(trial.plan))),
            end_section=True,
        )
    return table


def _judgement_lines(mention: Mention) -> list[str]:
    found = mention.judgement
    share = getattr(found.probabilities, found.sentiment)
    facts = [
        f"{', '.join(mention.brands)} · {found.language} · {found.intent} · {found.category}",
        f"{found.sentiment} {share:.2f} · complaint {found.complaint:.2f}",
    ]
    if found.risk:
        facts.append(f"risk: {', '.join(found.risk)}")
    if found.evidence:
        facts.append("“" + "” “".join(visible(word, 20) for word in found.evidence[:5]) + "”")
    return facts


def _decision_lines(plan: Plan) -> list[str]:
    decision = plan.decision
    why = f"{decision.action.value} ({decision.rule})"
    if decision.article is not None and decision.confidence is not None:
        why += f" · {decision.article} {decision.confidence:.2f}"
    return [why, *(f"{reply.state}: {visible(reply.text, 160)}" for reply in plan.replies)]


def problem_table(problems: Sequence[Problem]) -> Table:
    """One row a mistake in the configuration."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("cli.problem.key", "cli.problem.message", "cli.problem.remedy"):
        table.add_column(bilingual(heading), overflow="fold")
    for problem in problems:
        table.add_row(
            Text(problem.key),
            Text(in_every_language(problem.message)),
            Text(in_every_language(problem.remedy)),
        )
    return table


def report_table(report: Mapping[str, object]) -> Table:
    """A replay's report, one figure a row; nested figures are indented by their name."""
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in report.items():
        if isinstance(value, Mapping):
            for part, number in value.items():
                table.add_row(f"{name} · {part}", str(number))
        else:
            table.add_row(name, str(value))
    return table


def banner(console: Console, *, url: str, brand: str) -> None:
    """Print the URLs of the console and the chat, and texts to try."""
    console.print(
        f"""
[bold]{bilingual("app.name")}[/bold] · {escape(brand)}

  {bilingual("cli.banner.console")}   [bold]{escape(url)}/[/bold]
  {bilingual("cli.banner.chat")}    [bold]{escape(url)}/chat[/bold]

  {bilingual("cli.banner.try")}  {bilingual("cli.banner.questions", " · ")}
  {bilingual("cli.banner.stop", " · ")}
""",
        highlight=False,
        markup=True,
    )


def drill_banner(console: Console, *, url: str, minutes: float) -> None:
    """Print the URL of the exercise, and when it ends."""
    ends = bilingual("cli.drill.ends", "\n  ", minutes=f"{minutes:g}")
    console.print(
        f"""
[bold]{bilingual("app.name")}[/bold] · [bold]{bilingual("cli.drill.mark")}[/bold]

  {bilingual("cli.banner.console")}   [bold]{escape(url)}/incidents[/bold]

  {ends}
""",
        highlight=False,
        markup=True,
    )


def drill_table(score: DrillScore) -> Table:
    """Times until detection, acknowledgement and the first answer."""
    table = Table(title=bilingual("cli.drill.score"), box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column(bilingual("cli.drill.since"), justify="right")
    for name, seconds in (
        ("cli.drill.detected", score.detect),
        ("cli.drill.taken", score.acknowledge),
        ("cli.drill.answered", score.answer),
    ):
        shown = bilingual("cli.drill.not_yet") if seconds is None else countdown(seconds)
        table.add_row(bilingual(name), shown)
    table.add_row(bilingual("cli.drill.posts"), str(score.posts))
    return table


@contextmanager
def progress_bars(terminal: Console) -> Iterator[Callable[[StoreProgress], None]]:
    """Show a progress bar for each kind of rows; call the result with every step."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def advance(step: StoreProgress) -> None:
            if step.kind not in tasks:
                tasks[step.kind] = bar.add_task(step.kind, total=step.total)
            bar.update(tasks[step.kind], completed=step.done)

        yield advance
