"""Commands print texts as they stand."""

import io

import pytest
from rich.console import Console

from cli.output import banner, problem_table, report_table
from cli.terminal import plain_console
from core.errors import Problem

TEXTS = (
    *(
        "pip install -e '.[semantic]'",
        "[red]",
        "[/]",
        "[bold]x[/bold]",
        ":fire:",
        "brands[0].terms",
    ),
    *("[link=http://evil.example]x", "\\[x]", "[[channels]]", "[旗舰店]", ":100:", "[@click=x]y"),
)


def printed(what: object) -> str:
    console = plain_console()
    console.file, console.width = io.StringIO(), 200
    console.print(what)
    return console.file.getvalue()


@pytest.mark.parametrize("text", TEXTS)
def test_markup_in_a_text_is_text(text: str) -> None:
    assert text in printed(text)
    assert text in printed(problem_table([Problem(key=text, message=text, remedy=text)]))
    assert text in printed(report_table({text: text, "dropped": {text: 1}}))


@pytest.mark.parametrize("name", ["[旗舰店] 禾家", "[/bold]", "[red]"])
def test_a_brand_may_have_brackets_in_its_name(name: str) -> None:
    console = Console(file=io.StringIO(), width=200)
    banner(console, url="http://[::1]:8080", brand=name)
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert name in said
    assert "http://[::1]:8080/chat" in said
    assert "[bold]" not in said.replace(name, "")
