"""`synclead fields` as a person runs it."""

import json
from pathlib import Path

import pytest

from support.command import Run

FILE = '[[subscription]]\nname = "Example Corp"\nmunchkin_account = "561-HYG-937"\n'


@pytest.fixture(autouse=True)
def declared(run: Run, tmp_path: Path) -> None:
    """A database with one subscription."""
    (tmp_path / "leads.toml").write_text(FILE)
    assert run("apply", "leads.toml").code == 0


def test_the_standard_fields_are_listed(run: Run) -> None:
    """Without a terminal each field is one line with tabs between the columns."""
    lines = run("fields", "list").out.splitlines()

    assert "FirstName\tfirstName\tFirst Name\tstring\t" in lines
    assert len(lines) > 50


def test_a_field_is_added_and_listed(run: Run) -> None:
    """An added field has the names, label, type and length that were given; the others are as declared."""
    ran = run("fields", "add", "ShoeSize", "--type", "string", "--label", "Shoe size", "--max-length", "5")

    assert (ran.code, ran.out) == (0, "added field ShoeSize to Example Corp\n")
    listed = json.loads(run("fields", "list", "--json").out)
    assert [field for field in listed if field["name"] == "ShoeSize"] == [
        {
            "name": "ShoeSize",
            "soap_name": "ShoeSize",
            "rest_name": "shoeSize",
            "label": "Shoe size",
            "type": "string",
            "read_only": False,
            "max_length": 5,
            "auto": False,
        }
    ]
    assert json.loads(run("fields", "list", "--json", "--auto").out) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["firstname", "--type", "string"], "'firstname' is taken"),
        (["Shoe", "--type", "string", "--rest-name", "FIRSTNAME"], "'FIRSTNAME' is taken"),
        (["SHOESIZE", "--type", "integer"], "'SHOESIZE' is taken"),
        (["Shoe", "--type", "integer", "--max-length", "5"], "does not go with type integer"),
        ([" Shoe", "--type", "integer"], "white space"),
    ],
)
def test_a_bad_field_is_refused(run: Run, arguments: list[str], words: str) -> None:
    """A name that a field has already, in any letter case, or a bad length is refused in one sentence."""
    run("fields", "add", "ShoeSize", "--type", "string")

    ran = run("fields", "add", *arguments)

    assert ran.code == 1
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1


def test_an_unknown_type_is_wrong_usage(run: Run) -> None:
    """A type that does not exist ends with 2 and the list of types."""
    ran = run("fields", "add", "Shoe", "--type", "colour")

    assert ran.code == 2
    assert "currency" in ran.err


def test_several_subscriptions_must_be_told_apart(run: Run, tmp_path: Path) -> None:
    """Where there are several subscriptions, the option names one by name or account."""
    (tmp_path / "leads.toml").write_text(FILE.replace("Corp", "Inc").replace("561", "562"))
    run("apply", "leads.toml")

    ran = run("fields", "add", "Shoe", "--type", "string")
    assert ran.code == 1
    assert "--subscription" in ran.err

    ran = run("fields", "add", "Shoe", "--type", "string", "--subscription", "562-hyg-937")
    assert ran.out == "added field Shoe to Example Inc\n"
    assert "Shoe\t" not in run("fields", "list", "--subscription", "example corp").out
