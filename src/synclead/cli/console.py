"""Where output goes: results to stdout, for people or programs; everything else to stderr.

Whatever a command shows goes through here, and here through `visible`: no text from outside acts on a terminal.
"""

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

import typer

from synclead.visible import visible, visible_json, visible_lines


class Refusal(Exception):
    """A command cannot do what it was asked; the message is a sentence that says what to do."""


def say(text: str) -> None:
    """Tell the person at the terminal something that is no result, in one line."""
    typer.echo(visible(text), err=True)


def agrees(question: str) -> bool:
    """Ask on stderr; only y or yes agrees, the end of the input does not."""
    typer.echo(f"{visible(question)} [y/N]: ", nl=False, err=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def show(text: str) -> None:
    """Give a line of the result."""
    typer.echo(visible(text))


def show_lines(text: str) -> None:
    """Give a part of the result whose line ends are meant."""
    typer.echo(visible_lines(text))


def show_json(value: object) -> None:
    """Give the result as JSON."""
    typer.echo(to_json(value, indent=2))


def to_json(value: object, indent: int | None = None) -> str:
    """JSON for programs that a person can look at too; in one line without `indent`."""
    return visible_json(json.dumps(value, ensure_ascii=False, indent=indent))


def show_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Give rows: a table on a terminal; elsewhere a line a row with tabs, which no width cuts off."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(map(visible, row)))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        # Text, since a cell from the database must not be read as markup.
        table.add_row(*(Text(visible(cell), overflow="fold") for cell in row))
    Console().print(table)


class _Seen(io.TextIOWrapper):
    """What a person looks at."""

    def write(self, text: str) -> int:
        """See io.TextIOBase."""
        return super().write(visible_lines(text))


@contextmanager
def results() -> Iterator[TextIO]:
    """Standard output for a result of many lines: UTF-8, line ends as they are written, whatever the terminal says.

    Files and programs get it as it is; on a terminal it is `visible`. Raises Refusal where it cannot be written.
    Whoever reads it may stop reading: then the command ends, too.
    """
    sys.stdout.flush()
    kind = _Seen if sys.stdout.isatty() else io.TextIOWrapper
    out = kind(sys.stdout.buffer, encoding="utf-8", newline="", write_through=False)
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
