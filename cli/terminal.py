"""The terminal, and text that is safe to print on it; imported by every command."""

from rich.console import Console


def visible(text: str, width: int = 300) -> str:
    """``text`` on one line, control characters and lone surrogates shown as ``�``."""
    line = " ".join(text[: width * 4].split())
    line = "".join(one if one.isprintable() else "�" for one in line)
    return line if len(line) <= width else line[: width - 1] + "…"


def plain_console(*, stderr: bool = False) -> Console:
    """A console that prints texts as they stand: ``[semantic]`` is no markup, ``:fire:`` no emoji.

    Texts come from the configuration, from platforms and from shoppers. Where a text of our own is
    marked up, what is put into it goes through ``rich.markup.escape``.
    """
    return Console(stderr=stderr, markup=False, emoji=False)
