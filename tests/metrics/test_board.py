"""Where processes show their figures."""

import os
from pathlib import Path

import pytest

from support.logs import capture_logs
from synclead.metrics.board import Board, is_alive, opened_board
from synclead.metrics.figures import Snapshot


def snapshot(pid: int, count: float) -> Snapshot:
    return Snapshot(pid, {"synclead_calls_total": [(("syncLead", "created"), [count])]})


def test_every_place_is_seen_from_all(tmp_path: Path) -> None:
    """The latest of each place; who takes a place finds what stood there."""
    Board(tmp_path, "1").show(snapshot(10, 1))
    Board(tmp_path, "1").show(snapshot(10, 2))
    Board(tmp_path, "2").show(snapshot(20, 3))

    assert Board(tmp_path).all() == Board(tmp_path, "2").all() == [snapshot(10, 2), snapshot(20, 3)]
    assert Board(tmp_path, "1").own() == snapshot(10, 2)
    assert Board(tmp_path, "3").own() is None


def test_one_process_needs_no_disk() -> None:
    """Its board is in memory."""
    with opened_board(1) as board:
        assert (board.folder, board.all()) == (None, [])
        board.show(snapshot(10, 1))
        assert board.all() == [snapshot(10, 1)]


def test_the_folder_is_gone_with_the_server() -> None:
    """Nothing is left on the disk."""
    with opened_board(2) as board:
        assert board.folder is not None
        Board(board.folder, "1").show(snapshot(10, 1))
    assert not board.folder.exists()


def test_a_disk_that_takes_nothing_fails_no_call(tmp_path: Path) -> None:
    """It is logged once, not every second."""
    board = Board(tmp_path / "gone", "1")
    with capture_logs() as logged:
        board.show(snapshot(10, 1))
        board.show(snapshot(10, 2))
    assert [entry["event"] for entry in logged] == ["metrics are not up to date"]


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """Half a file, or one of another release."""
    (tmp_path / "1").write_text("{")
    (tmp_path / "2").write_text('{"other": 1}')
    Board(tmp_path, "3").show(snapshot(30, 3))
    assert Board(tmp_path).all() == [snapshot(30, 3)]
    assert Board(tmp_path, "1").own() is None


def test_a_process_is_alive_until_it_ends() -> None:
    """A child that was waited for is not."""
    pid = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(pid, 0)
    assert not is_alive(pid)
    assert is_alive(os.getpid())


@pytest.mark.parametrize("processes", [2])
def test_no_place_for_it_is_one_sentence(processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the way out."""
    from synclead.metrics import board

    def refuse(**_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(board, "TemporaryDirectory", refuse)
    with pytest.raises(board.BoardError, match="set TMPDIR"), opened_board(processes):
        pass
