"""docs/import.md: its commands do what it says with its example."""

import re
import shlex
from pathlib import Path

from docs.named import ROOT
from support.command import run_here
from synclead.cli.csv_lines import ROW_LENGTH
from synclead.cli.csv_source import RAGGED_NAMED
from synclead.leads.date_forms import DIRECTIVES
from synclead.leads.fields import TEXT_LENGTH

TEXT = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
DECLARATION = '[[subscription]]\nname = "Example Corp"\nmunchkin_account = "561-HYG-937"\n'


def test_the_example_is_imported_mended_and_moved(tmp_path: Path) -> None:
    """Every command of the page, in its order; the third row is the one that is refused."""
    (leads,) = re.findall(r"^```csv\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    (tmp_path / "leads.csv").write_text(leads)
    (tmp_path / "leads.toml").write_text(DECLARATION)
    environment = {"SYNCLEAD_DATABASE_URL": "sqlite:///one.db"}

    def run(line: str) -> str:
        command, _, target = line.partition(" > ")
        words = shlex.split(command)[1:]
        ran = run_here(*words, environment=environment, directory=tmp_path)
        assert ran.code == (1 if "leads.csv" in words else 0), ran
        if target:
            (tmp_path / target).write_text(ran.out)
        return ran.out

    run("synclead apply leads.toml")
    first, mended, out, into = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    said = [run(line) for line in first.splitlines()]
    refused = tmp_path / "leads.refused.csv"
    refused.write_text(refused.read_text().replace("bob.example.com", "bob2@example.com"))
    said += [run(line) for line in mended.splitlines()]
    for line in out.splitlines():
        run(line)
    environment["SYNCLEAD_DATABASE_URL"] = "sqlite:///other.db"
    run("synclead apply leads.toml")
    said += [run(line) for line in into.splitlines()]

    counts = [re.findall(r"\d+ (?:created|refused)", one) for one in said]
    assert counts[:3] == [["2 created", "1 refused"], ["2 created", "1 refused"], ["1 created", "0 refused"]]
    assert said[-1] == "imported all.csv: 3 created, 0 updated, 0 unchanged, 0 refused\n"
    assert run("synclead export") == (tmp_path / "all.csv").read_text()


def test_the_limits_are_those_of_the_program() -> None:
    """Numbers that the page names."""
    for number in (f"{ROW_LENGTH:,} characters", f"{TEXT_LENGTH:,}", f"the first {RAGGED_NAMED} of them"):
        assert number in TEXT
    assert f"`{' '.join(f'%{letter}' for letter in DIRECTIVES if letter != '%')}`" in TEXT
