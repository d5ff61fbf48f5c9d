"""Several serving processes record side by side, and `synclead requests --follow` shows it while they do."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest

from support.envelopes import Call
from support.inside import USER
from support.load import Load
from support.orchard import DECLARATION, assert_no_defect
from support.postgres import Postgres
from support.server import MASTER_KEY, PROGRAM, running_server

CALLS = 40


@pytest.mark.long
def test_calls_of_every_worker_are_followed(postgres: Postgres, tmp_path: Path) -> None:
    """Each call of two workers is shown once, as good as in the order of its time; Ctrl-C ends the command with 0."""
    url = postgres.new_database()
    with running_server(
        tmp_path, DECLARATION, options=["--workers", "2"], environment=MASTER_KEY, database_url=url
    ) as server:
        watching = subprocess.Popen(
            [PROGRAM, "requests", "--follow", "--database-url", url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=server.environment,
        )
        lines: list[str] = []
        assert watching.stdout is not None
        assert watching.stderr is not None
        assert watching.stderr.readline() == "no call is recorded yet\n"  # else it may begin after more than it lists
        reader = Thread(target=lines.extend, args=(watching.stdout,))
        reader.start()
        try:
            load = Load(server, USER, 8, lambda number, turn: Call(email=f"c{number}-{turn}@t.com"))
            with load.running():
                load.await_answers(CALLS)
                load.end()
            made = load.total
            deadline = monotonic() + 30
            while len(lines) < made and monotonic() < deadline:
                sleep(0.05)  # between two looks
        finally:
            watching.send_signal(signal.SIGINT)
            code = watching.wait(20)
            reader.join()
        assert server.stop() == 0
        assert_no_defect(server)
    assert code == 0
    numbers = [int(line.split("\t")[0]) for line in lines]
    assert sorted(numbers) == list(range(1, made + 1))
