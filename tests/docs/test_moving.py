"""docs/move-an-integration.md: its commands work in order, and its examples stand in programs that ran."""

import csv
import io
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.stack import STACKS
from docs.named import ROOT
from support.envelopes import Call, Credentials, envelope
from support.server import PROGRAM, Server
from support.tools import needs
from synclead.leads.policy import PRESETS, Policy
from synclead.soap.operations import HANDLERS

DOCUMENT = ROOT / "docs" / "move-an-integration.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
USER = Credentials("bigcorp1_461839624B16E06BA2D663", "899756834129871744AAEE88DDCC77CDEEDEC1AAAD66")
ENVIRONMENT = {"BIGCORP_KEY": USER.key, "NO_COLOR": "1"}
DESCRIBED = {
    "success": True,
    "result": [
        {
            "displayName": "Seats",
            "dataType": "integer",
            "rest": {"name": "seatCount", "readOnly": False},
            "soap": {"name": "SeatCount", "readOnly": False},
        }
    ],
}


def blocks(language: str, section: str = "") -> list[str]:
    """The code blocks of one language, of the whole page or of the section whose heading begins so."""
    text = TEXT.split(f"\n## {section}")[1].split("\n## ")[0] if section else TEXT
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def rows(*header: str) -> list[list[str]]:
    """The cells of every row of the tables with this header."""
    found: list[list[str]] = []
    for table in re.findall(r"(?:^\|.*\n)+", TEXT, re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip("|\n ").split(" | ")] for line in table.splitlines()]
        found += lines[2:] if lines[0] == list(header) else []
    assert found, header
    return found


def commands(section: str) -> Iterator[list[str]]:
    """The commands of a section in their order, each as its words."""
    for line in "".join(blocks("sh", section)).splitlines():
        yield shlex.split(line)


def run(server: Server, section: str) -> str:
    """What the commands of a section print; each must do what it was asked."""
    printed = ""
    for words in commands(section):
        assert words[0] == "synclead"
        done = server.command_here(*words[1:])
        assert done.code == 0, (words, done.err)
        printed += done.out
    return printed


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The files that a reader has, and a server that is not started."""
    (declaration,) = blocks("toml")
    (leads,) = blocks("csv")
    (tmp_path / "subscription.toml").write_text(declaration, encoding="utf-8")
    (tmp_path / "leads.csv").write_text(leads, encoding="utf-8")
    (tmp_path / "describe.json").write_text(json.dumps(DESCRIBED), encoding="utf-8")
    (tmp_path / "request.xml").write_bytes(envelope(Call(email="t@t.com"), USER))
    server = Server(tmp_path, environment=ENVIRONMENT, database_url=f"sqlite:///{tmp_path}/synclead.db")
    yield server
    server.close()


@needs("bash", "grep")
def test_the_url_is_found(tmp_path: Path) -> None:
    """The search finds configuration and WSDL, and not the name of the namespace."""
    (tmp_path / "config.php").write_text("$url = 'https://561-HYG-937.mktoapi.com/soap/mktows/2_9';\n")
    (tmp_path / "old.wsdl").write_text('<soap:address location="https://561-HYG-937.mktoapi.com/soap/mktows/2_1"/>\n')
    (tmp_path / "header.php").write_text("new SoapHeader('http://www.marketo.com/mktows/', 'AuthenticationHeader');\n")
    (search,) = blocks("sh", "1.")
    found = subprocess.run(["bash", "-euc", search], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert {line.split(":")[0] for line in found.splitlines()} == {"./config.php", "./old.wsdl"}


def test_an_integration_moves_in(server: Server) -> None:
    """Declaration, fields and leads go in by the commands in their order, and the page's questions are answered."""
    assert "added user bigcorp1" in run(server, "2.")
    assert "FavouriteColour\tfavouriteColour\tFavourite colour\tstring" in run(server, "3.")
    explained = run(server, "4.")
    assert "step 1: by Id" in explained
    run(server, "8.")
    exported = run(server, "Leave again")
    assert exported.startswith("Id,Email,")


@needs("bash", "curl", "grep")
@pytest.mark.long
def test_one_call_is_made(server: Server) -> None:
    """The server that the page starts names its address in the WSDL, and takes the call of the program's user."""
    server.apply(blocks("toml")[0])
    (serve,) = blocks("sh", "5.")
    assert serve == "synclead serve\n"
    server.start()
    script = "".join([*blocks("sh", "6."), *blocks("sh", "7.")]).replace(":8080", f":{server.port}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'synclead() {{ {PROGRAM} "$@"; }}\n{script}'],
        cwd=server.directory,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f'location="http://127.0.0.1:{server.port}/soap/mktows/2_9"' in done.stdout
    assert "CREATED lead 2000000" in done.stdout
    assert "FirstName\tGeorge" in done.stdout


def test_the_leads_are_a_table() -> None:
    """The example of leads has as many cells in each row as headers, and one Id a row."""
    header, *leads = csv.reader(io.StringIO(blocks("csv")[0]))
    assert {len(row) for row in leads} == {len(header)}
    assert len({row[header.index("Id")] for row in leads}) == len(leads)


def test_every_example_stands_in_its_program() -> None:
    """A line that is shown for a stack is one of the program that runs against the server."""
    examples = re.findall(r"\[`([^`]+)`\]\(\.\./(tests/conformance/[^)]+)\)", TEXT)
    assert len(examples) > len(STACKS)
    for example, program in examples:
        assert example in (ROOT / program).read_text(encoding="utf-8"), program
    assert TEXT.count("../tests/conformance/") == len(examples)


def test_every_stack_has_its_place_of_the_url() -> None:
    """Each stack that is driven stands in the table of places, with a program of its own folder."""
    found = rows("stack", "places", "where the URL stands", "for example")
    assert sorted(row[0] for row in found) == sorted(stack.name for stack in STACKS)
    folders = {stack.name: stack.folder for stack in STACKS}
    assert [row[0] for row in found if f"/{folders[row[0]]}/" not in row[3]] == []


def test_every_choice_of_the_policy_is_offered() -> None:
    """The table of settings has each key with its default, and another value that it may have."""
    defaults = Policy()
    found = {
        row[0].strip("`"): row[1:3]
        for row in rows("setting", "default", "the other value", "choose the other value when")
    }
    assert set(found) == set(Policy.__dataclass_fields__)
    for name, (default, other) in found.items():
        value = getattr(defaults, name)
        assert default == f"`{str(value).lower() if isinstance(value, bool) else value}`"
        given = True if isinstance(value, bool) else type(value)(other.strip("`"))
        assert getattr(Policy.from_mapping({name: given}), name) != value
    assert set(PRESETS["forgiving"]) <= set(found)


def test_every_fault_is_one_of_the_rules() -> None:
    """Each code that the page explains is a fault of docs/fidelity.md, and stands once."""
    fidelity = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    codes = [
        row[0] for row in [*rows("fault", "what it is", "what to do"), *rows("fault", "what it is", "when to repeat")]
    ]
    assert len(set(codes)) == len(codes)
    assert [code for code in codes if not re.search(rf"^\| {code} ", fidelity, re.MULTILINE)] == []


def test_the_operations_are_those_that_are_carried_out() -> None:
    """No operation is left out of the page's sentence."""
    (sentence,) = [row[1] for row in rows("matter", "here") if row[0] == "Other operations"]
    assert set(HANDLERS) <= set(re.findall(r"`(\w+)`", sentence))
