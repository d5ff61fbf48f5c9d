"""The harness against the real server: it counts what was answered, and sees what is not as it was answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import call, load
from bench.errors import CellFailedError
from bench.load import Load
from bench.server import Synclead
from bench.subject import Cell
from bench.verify import Stored
from support.tools import needs

pytestmark = [pytest.mark.long, needs("wrk")]

LOSE = "DELETE FROM lead WHERE email_key = ?"
DOUBLE = """\
INSERT INTO lead (subscription_id, id, "partition", email, email_key, change, created_at, updated_at, field_values)
SELECT subscription_id, id + 1000000, "partition", email, email_key, change, created_at, updated_at, field_values
FROM lead WHERE email_key = ?"""
FORGET_UPDATE = "UPDATE lead SET field_values = json_set(field_values, '$.LeadScore', '0') WHERE email_key = ?"


class Sabotaged(Synclead):
    """Its database is changed by hand after the load and before the check."""

    sabotage = ""

    def stored(self, load: Load) -> Stored:
        """See Served."""
        if self.sabotage:
            connection = sqlite3.connect(self.url.removeprefix("sqlite:///"))
            with connection:
                connection.execute(self.sabotage, (load.acknowledged[-1].email,))
            connection.close()
        return super().stored(load)


@contextmanager
def running(folder: Path) -> Iterator[Sabotaged]:
    """A server on a file with fifty leads."""
    server = Sabotaged("synclead", folder / "server", leads=50)
    try:
        server.open()
        yield server
    finally:
        server.close()


def measure(server: Synclead, cell: int) -> Cell:
    """One second of load."""
    return server.measure(connections=4, seconds=1, cell=cell, round_=1)


def test_the_harness_sees_what_a_server_loses(tmp_path: Path) -> None:
    """A good cell has its figures; a lead that is lost, doubled or not updated is found, and so is a fault."""
    with running(tmp_path) as server:
        good = measure(server, 1)
        assert good.per_second > 0
        assert good.p99_ms is not None
        assert good.cpu_us["synclead"] > 0
        server.finish()
        for cell, (sabotage, problem) in enumerate(
            (
                (LOSE, "answered and not stored"),
                (FORGET_UPDATE, "stored with values of no call of this cell"),
                (DOUBLE, "stored more than once"),
            ),
            start=2,
        ):
            server.sabotage = sabotage
            with pytest.raises(CellFailedError, match=f"1 leads are {problem}"):
                measure(server, cell)
        with pytest.raises(CellFailedError, match="1 Emails belong to more than one lead"):
            server.finish()


def test_the_harness_sees_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that are refused are no calls, however fast they were."""
    with running(tmp_path) as server:
        monkeypatch.setattr(call, "KEY", "another key")
        with pytest.raises(CellFailedError, match="calls ended as wrong; first: 500"):
            measure(server, 1)


def test_the_harness_sees_a_load_that_shrinks_its_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that come back to few leads measure something else, whatever is answered."""
    text = load.SCRIPT.read_text(encoding="utf-8")
    chosen = "math.random(1, known) .."
    assert chosen in text
    bad = tmp_path / "load.lua"
    bad.write_text(
        text.replace("  local email\n", "  local email\n  known = math.random(1, known)\n").replace(chosen, "known .."),
        encoding="utf-8",
    )
    monkeypatch.setattr(load, "SCRIPT", bad)
    with running(tmp_path) as server, pytest.raises(CellFailedError, match=r"updates went to 1?[0-9] different leads"):
        measure(server, 1)
