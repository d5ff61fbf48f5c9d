"""Where output goes: results to stdout, for people or programs; everything else to stderr."""

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

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


@contextmanager
def results() -> Iterator[TextIO]:
    """Standard output for a result of many lines: UTF-8, line ends as they are written, whatever the terminal says.

    Raises Refusal where it cannot be written. Whoever reads it may stop reading: then the command ends, too.
    """
    sys.stdout.flush()
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=False)
    try:
        yield out
        out.flush()
    except BrokenPipeError:
        _drop_output()
        raise typer.Exit(1) from None
    except OSError as error:
        _drop_output()
        raise Refusal(f"the result cannot be written: {error.strerror}") from error
    finally:
        out.detach()


def _drop_output() -> None:
    """What is left in the buffers would fail again at the end of the process: it goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
