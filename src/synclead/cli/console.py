"""Where output goes: results to stdout, for people or programs; everything else to stderr."""

import json
import sys
from collections.abc import Iterable, Sequence

import typer


class Refusal(Exception):
    """A command cannot do what it was asked; the message is a sentence that says what to do."""


def say(text: str) -> None:
    """Tell the person at the terminal something that is no result."""
    typer.echo(text, err=True)


def agrees(question: str) -> bool:
    """Ask on stderr; only y or yes agrees, the end of the input does not."""
    typer.echo(f"{question} [y/N]: ", nl=False, err=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def show(text: str) -> None:
    """Give a line of the result."""
    typer.echo(text)


def show_json(value: object) -> None:
    """Give the result as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Give rows: a table on a terminal; elsewhere a line a row with tabs, which no width cuts off."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        # Text, since a cell from the database must not be read as markup.
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console().print(table)
