"""A command that is killed at each of its steps, one run a step, until a run comes to its end.

As a program of its own (arguments: those of `synclead`) it forks a run, says `killed` or `ended CODE` about it, and
waits for a line before the next one. A step is a statement, a commit, or a file of keys that is opened, synced or
renamed, from the first look at such a file on.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any


def killed_at_each_step(*words: str, environment: Mapping[str, str], directory: Path) -> Iterator[int]:
    """The number of each step that the command was killed at; ends after the run that was not killed.

    AssertionError where that one failed.
    """
    process = subprocess.Popen(
        [sys.executable, __file__, *words],
        env=dict(environment),
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process, process.stdin as answers:
        step = 0
        for line in process.stdout:
            if line.startswith("ended"):
                assert line == "ended 0\n", line
                return
            if line == "killed\n":
                yield step
                step += 1
                answers.write("\n")
                answers.flush()
    raise AssertionError("the command never came to its end")


def _run_and_die(steps_left: int) -> None:
    from sqlalchemy import Engine, event

    from synclead.cli.main import main

    begun = False

    def step(*_: Any) -> None:
        nonlocal steps_left
        steps_left -= begun
        if steps_left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def look(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal begun
        if name in ("open", "os.rename") and Path(str(arguments[0])).name.startswith(("leads.db.master", "master.key")):
            begun = True
            step()

    sync = os.fsync

    def step_and_sync(fd: Any) -> None:
        step()
        sync(fd)

    sys.addaudithook(look)
    os.fsync = step_and_sync
    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)
    sys.argv[0] = "synclead"
    try:
        main()
    except SystemExit as ended:
        step()  # everything is done, and nobody was told
        raise ended


def _main() -> None:
    # Loaded once, not in every run.
    for module in ("psycopg", "synclead.cli.main", "synclead.store.rotation", "synclead.store.upgrade"):
        import_module(module)
    for step in range(1000):
        child = os.fork()
        if child == 0:
            _run_and_die(step)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            print("killed", flush=True)
            sys.stdin.readline()
        else:
            print("ended", os.WEXITSTATUS(status), flush=True)
            return


if __name__ == "__main__":
    _main()
