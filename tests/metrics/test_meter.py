"""What the meter of a process makes of what it is told."""

from pathlib import Path

from synclead.app import WriterObserver
from synclead.leads.errors import LeadNotFoundError
from synclead.metrics.board import Board
from synclead.metrics.meter import Meter
from synclead.store.writer import Writer


class _NoDatabase:
    connections = 1
    turns_between_groups = 0


def shown(meter: Meter, board: Board) -> dict[str, dict[tuple[str, ...], list[float]]]:
    """What the meter puts on its board."""
    meter.show(Writer(_NoDatabase(), now=None))  # type: ignore[arg-type]
    (found,) = board.all()
    return {name: dict(rows) for name, rows in found.numbers.items()}


def test_answers_that_came_late_are_counted() -> None:
    """The caller had heard 20011 when the group ended."""
    board = Board()
    meter = Meter(board)
    WriterObserver(meter).undelivered(1, LeadNotFoundError("no lead 5"))
    assert shown(meter, board)["synclead_answers_undelivered_total"] == {("hung_up",): [0], ("late",): [1]}


def test_a_call_without_an_answer_is_counted_apart() -> None:
    """The client was gone before its request was complete: neither an outcome nor a duration."""
    board = Board()
    meter = Meter(board)
    meter.begun()
    assert shown(meter, board)["synclead_calls_in_progress"] == {(): [1]}
    meter.ended({"request": "1"}, 0.1)
    found = shown(meter, board)
    assert found["synclead_calls_in_progress"] == {(): [0]}
    assert found["synclead_calls_total"]["unknown", "unanswered"] == [1]
    assert sum(sum(row) for row in found["synclead_call_seconds"].values()) == 0


def test_calls_that_are_not_recorded_are_counted() -> None:
    """By why they are not."""
    board = Board()
    meter = Meter(board)
    for reason in ("too_many", "too_many", "refused"):
        meter.unrecorded(reason)
    counted = {("too_many",): [2], ("refused",): [1], ("shortened",): [0]}
    assert shown(meter, board)["synclead_calls_unrecorded_total"] == counted


def test_a_process_goes_on_from_the_one_before_it(tmp_path: Path) -> None:
    """Counters and histograms only: what was under way ended with its process."""
    for _ in range(3):
        board = Board(tmp_path, "1")
        meter = Meter(board)
        meter.begun()
        meter.begun()
        meter.ended({"operation": "syncLead", "outcome": 20103, "delivered": False}, 0.002)
        meter.group_ended(3, 0.3)
        found = shown(meter, board)
    assert found["synclead_calls_total"]["syncLead", "fault"] == [3]
    assert found["synclead_faults_total"]["20103",] == [3]
    assert found["synclead_faults_total"]["10001",] == [0]
    assert found["synclead_answers_undelivered_total"]["hung_up",] == [3]
    assert found["synclead_group_records"][()][-1] == 9
    assert found["synclead_calls_in_progress"] == {(): [1]}


def test_a_renamed_subscription_has_one_name() -> None:
    """The Ids left are those under its name of now."""
    board = Board()
    meter = Meter(board)
    meter.next_lead_id(1, "Old", 1)
    meter.next_lead_id(1, "New", 2147483647)
    assert shown(meter, board)["synclead_lead_ids_left"] == {("New",): [1]}
