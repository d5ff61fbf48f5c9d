"""The micro benchmarks do the work that they are named for."""

from __future__ import annotations

import tomllib

import pytest

from bench import call, names
from bench.errors import CellFailedError
from bench.instructions import compare, read_count, text
from bench.parts.calls import split
from bench.profiled import place_of
from bench.steps import steps
from synclead.soap import messages
from synclead.soap.request import KnownRequest

FACTS = {"CPU": "X", "Python": "3.11.2", "packages": {"lxml": "6.0", "msgspec": "1.0"}}
BASELINE = FACTS | {"steps": {"decode": 1000}}


def test_the_steps_are_those_of_a_call() -> None:
    """Decoding gives the Email, planning updates the known lead, encoding shows it, and the signature is right."""
    found = steps()
    decoded, planned, encoded = found[names.DECODE](), found[names.PLAN](), found[names.ENCODE]()
    assert isinstance(decoded, KnownRequest)
    assert decoded.message == found[names.READ]()
    assert decoded.message.leadRecord.Email == call.known_email(1)
    assert isinstance(planned, messages.SuccessSyncLead)
    assert planned.result is not None
    assert planned.result.syncStatus == messages.SyncStatus(leadId=1, status="UPDATED")
    assert isinstance(encoded, bytes)
    assert b"<attrName>LeadScore</attrName><attrType>score</attrType><attrValue>1</attrValue>" in encoded
    assert found[names.VERIFY]() is True


# fmt: off
@pytest.mark.parametrize(("count", "is_regression"), [(900, False), (1000, False), (1049, False), (1051, True)])
def test_more_instructions_than_noise_are_a_regression(count: int, is_regression: bool) -> None:
    """Beyond the tolerance it is no noise."""
    (line,) = compare({"decode": count}, BASELINE, FACTS)
    assert line.is_regression == is_regression


def test_instructions_of_another_machine_are_not_compared() -> None:
    """A C library chooses its code by the CPU, and another version is other code."""
    other = FACTS | {"CPU": "Y", "packages": {"lxml": "7.0", "msgspec": "1.0"}}
    (line,) = compare({"decode": 9000}, BASELINE, other)
    assert (line.is_regression, line.text) == (
        False, "NOT MEASURED: instructions are not compared, the baseline has another CPU, lxml",
    )  # fmt: skip


def test_a_step_without_a_baseline_is_said() -> None:
    """A new step needs a number to be compared with."""
    (line,) = compare({"new": 1}, BASELINE, FACTS)
    assert line.is_regression


def test_the_baseline_is_written_as_it_is_read() -> None:
    """The file holds what `compare` asks for."""
    assert tomllib.loads(text({"decode": 1000}, FACTS)) == BASELINE


def test_valgrinds_count_is_read() -> None:
    """A run without a count is a failure, not a zero."""
    assert read_count("==7== Collected : 473459\n") == 473_459
    with pytest.raises(CellFailedError):
        read_count("==7== \n")


# fmt: off
@pytest.mark.parametrize(("files", "part"), [
    (["/x/synclead/soap/signature.py", "/x/synclead/soap/service.py"], "authentication"),
    (["/x/synclead/soap/decode.py", "/x/synclead/soap/service.py"], "XML"),
    (["/usr/lib/json.py", "/x/synclead/store/postgres.py", "/x/synclead/store/writer.py"], "SQL"),
    (["/x/psycopg/_pipeline.py", "/x/synclead/store/postgres.py"], "SQL"),
    (["/x/synclead/leads/plan.py", "/x/synclead/store/group.py", "/x/synclead/store/writer.py"], "planning"),
    (["/x/json/encoder.py", "/x/synclead/soap/recorder.py", "/x/synclead/soap/endpoint.py"], "logs and metrics"),
    (["/x/uvicorn/protocols/http/httptools_impl.py"], "HTTP"),
    (["/usr/lib/asyncio/runners.py"], "HTTP"),
])
def test_a_sample_belongs_to_the_innermost_known_file(files: list[str], part: str) -> None:
    """A library counts for the part that called it."""
    assert place_of(files)[0] == part


def test_the_split_shares_out_the_cpu_time_of_a_call() -> None:
    """The samples share out the main thread; the other threads stand for themselves."""
    assert split({"HTTP: event loop": 20, "HTTP: soap/body.py": 10, "XML: soap/decode.py": 10}, main=0.004, others=0.002, calls=10) == {"HTTP": 300, "other threads": 200, "XML": 100}
    with pytest.raises(CellFailedError):
        split({}, main=1, others=1, calls=1)
