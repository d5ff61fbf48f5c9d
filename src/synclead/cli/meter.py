"""How far long work is: a bar on a terminal, elsewhere a line every ten seconds; always on stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from synclead.cli.console import say
from synclead.visible import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Task
    from rich.text import Text

LINE_SECONDS = 10.0
"""Between two lines where there is no terminal."""

Reached = Callable[[int], None]
"""Told how many rows are done, counted from the beginning of the file."""


@contextmanager
def meter(
    what: str, total: int | None, done: int = 0, clock: Callable[[], float] = time.monotonic
) -> Iterator[Reached]:
    """Shows rows done, rate and time left for the length of a block; `done` rows were so before it began."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with _bar(console, what, total, done) as reached:
            yield reached
    else:
        yield _lines(what, total, done, clock)


def _lines(what: str, total: int | None, done: int, clock: Callable[[], float]) -> Reached:
    began = last = clock()

    def reached(position: int) -> None:
        nonlocal last
        now = clock()
        if now - last < LINE_SECONDS:
            return
        last = now
        rate = (position - done) / (now - began)
        line = (
            f"{what}: {position:,}" + (f" of {total:,}" if total is not None else "") + f" rows, {rate:,.0f} a second"
        )
        if total is not None and rate > 0:
            line += f", {_duration((total - position) / rate)} left"
        say(line)

    return reached


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


@contextmanager
def _bar(console: "Console", what: str, total: int | None, done: int) -> Iterator[Reached]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Rows a second."""

        def render(self, task: "Task") -> "Text":
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.0f} rows/s")

    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(visible(what), total=total, completed=done)
        yield lambda position: bar.update(task, completed=position)
