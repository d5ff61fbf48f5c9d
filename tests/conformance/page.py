"""Makes `docs/clients.md` from what the stacks did in the last `make conformance`.

`page.py --write` writes it; without that the exit code says whether the page is stale.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.results import Result, saved
from conformance.scenario import MORE, STEPS
from conformance.stack import STACKS, Stack

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"

_HEAD = """\
# Which clients work

Each line is a SOAP stack of another language that ran against the real server, from the served WSDL or as it is
used without one. Nothing was changed for synclead but the address, the user and the key. `make conformance` runs
them all again and makes this page; the programs are in [tests/conformance](../tests/conformance).

Every program checks the typed values that its own stack gives back. Each was also run with one letter of each
expected value changed, and failed.

"""


def page(results: Iterable[Result]) -> str:
    """The whole page. LookupError where a stack has no result."""
    found = {(result.folder, result.variant): result for result in results}
    text = _HEAD + "| stack | version | steps passed |\n| --- | --- | --- |\n"
    text += "".join(
        _line(stack, [found[stack.folder, variant] for variant in stack.variants or [""]]) for stack in STACKS
    )
    text += "\n## The steps\n\n| step | what |\n| --- | --- |\n"
    text += "".join(f"| {step} | {what} |\n" for step, what in STEPS.items())
    stacks = "; ".join(stack.name for stack in STACKS if stack.more)
    text += "".join(f"| {step} | {what}. Done by {stacks} |\n" for step, what in MORE.items())
    text += _section("What a stack cannot do", "its own words", [(one, one.cannot) for one in STACKS])
    text += _section("What a stack has no use for", "reason", [(one, one.skips) for one in STACKS])
    text += _section("Warnings about the WSDL", "why it stays", [(one, one.warnings) for one in STACKS])
    return text


def _line(stack: Stack, runs: list[Result]) -> str:
    passed = min(sum(verdict == "ok" for verdict in run.steps.values()) for run in runs)
    steps = len(STEPS) + len(MORE if stack.more else ()) - len(stack.skips)
    return f"| {stack.name} | {runs[0].version} | {passed} of {steps} |\n"


def _section(title: str, reason: str, rows: list[tuple[Stack, object]]) -> str:
    lines = [
        f"| {stack.name} | {_cell(what)} | {_cell(why)} |\n"
        for stack, mapping in rows
        if isinstance(mapping, dict)
        for what, why in mapping.items()
    ]
    return f"\n## {title}\n\n| stack | what | {reason} |\n| --- | --- | --- |\n{''.join(lines)}" if lines else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(words: list[str]) -> int:
    """0 when the page is as it should be, or nobody can tell on a user's machine; 1 when it is stale."""
    try:
        made = page(saved())
    except LookupError as error:
        print(f"docs/clients.md is not compared: there is no result of {error}, its stack is missing", file=sys.stderr)
        return 1 if "SYNCLEAD_CI" in os.environ or words else 0
    print(made.removeprefix(_HEAD).partition("\n\n")[0])
    if words == ["--write"]:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") != made:
        print("docs/clients.md is stale: run tests/conformance/page.py --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
