"""What wrk reports counts only where every answer was a success."""

from pathlib import Path

import pytest

from bench import call
from bench.errors import CellFailedError
from bench.load import Acknowledged, read_acknowledged, read_numbers
from synclead.soap.envelope import parse
from synclead.soap.limits import ReadLimits
from synclead.soap.signature import matches

NUMBERS = {
    "requests": 10, "microseconds": 2_000_000, "sent": 11, "wrong": 0, "status_errors": 0, "timeouts": 0,
    "socket_errors": 0, "p50": 900, "p99": 2500,
}  # fmt: skip


def printed(**changed: int) -> str:
    """What the script prints."""
    lines = [f"BENCH {name} {value}" for name, value in (NUMBERS | changed).items()]
    return "\n".join(["Running 2s test", *lines, "BENCH_WRONG 500 Fault", ""])


def test_the_numbers_of_a_good_run_are_read() -> None:
    """Every number that the script prints has its name."""
    assert read_numbers(printed()) == NUMBERS


@pytest.mark.parametrize("name", ["wrong", "status_errors", "socket_errors", "timeouts"])
def test_one_bad_answer_fails_the_cell(name: str) -> None:
    """A fault, an unexpected content, a broken connection or a time-out is no call."""
    with pytest.raises(CellFailedError, match=r"1 calls ended as .*first: 500 Fault"):
        read_numbers(printed(**{name: 1}))


@pytest.mark.parametrize("text", ["", "BENCH requests 5", printed(requests=0)])
def test_a_run_without_answers_fails(text: str) -> None:
    """A wrk that broke off, or that nobody answered, has no figure."""
    with pytest.raises(CellFailedError):
        read_numbers(text)


def test_every_acknowledged_call_is_read() -> None:
    """A line has the outcome, the Id, the Email and the score."""
    assert read_acknowledged("CREATED 7 new-1-1@bench.example 1000001\n") == [
        Acknowledged("CREATED", 7, "new-1-1@bench.example", 1_000_001)
    ]


def test_the_call_is_signed_and_complete() -> None:
    """The three parts that the load puts together are one signed call."""
    whole = call.signed().whole("a@b.example", 42)
    envelope = parse(whole, "utf-8", ReadLimits())
    texts = [element.text or "" for element in envelope.headers[0]]
    assert matches([call.KEY.encode()], texts[1], texts[2], texts[0])
    assert envelope.operation_element.findtext("leadRecord/Email") == "a@b.example"
    values = {
        one.findtext("attrName"): one.findtext("attrValue")
        for one in envelope.operation_element.iterfind("leadRecord/leadAttributeList/attribute")
    }
    assert values == {**call.VALUES, "LeadScore": "42"}


def test_scores_of_a_cell_are_its_own() -> None:
    """No cell can take the leads of another one for its own."""
    assert call.first_score(3) + call.SCORES_A_CELL == call.first_score(4)


def test_the_load_names_what_the_harness_names() -> None:
    """The Emails of the script are those that are seeded."""
    script = (Path(call.__file__).with_name("load.lua")).read_text(encoding="utf-8")
    assert f'"known-" .. math.random(1, known) .. "{call.DOMAIN}"' in script
    assert call.known_email(5) == f"known-5{call.DOMAIN}"
