"""docs/clients.md speaks of the stacks that are driven, each once; `make conformance` makes it from their runs."""

import re
from pathlib import Path

from conformance.scenario import STEPS
from conformance.stack import STACKS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")


def test_every_stack_is_a_line_of_the_table() -> None:
    """No stack is left out, and none is claimed that is not driven."""
    table = PAGE.split("| --- | --- | --- |\n")[1].split("\n\n")[0]
    assert re.findall(r"^\| (.*?) \| ", table, re.MULTILINE) == [stack.name for stack in STACKS]


def test_what_a_stack_does_not_do_is_said() -> None:
    """Every step that a stack cannot do, or has no use for, stands with its reason."""
    for stack in STACKS:
        for step, reason in [*stack.cannot.items(), *stack.skips.items()]:
            assert step in STEPS
            assert f"| {stack.name} | {step} | {reason} |" in PAGE
