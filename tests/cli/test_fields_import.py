"""`synclead fields import` as a person runs it."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.command import Run
from synclead.leads.fields import STANDARD

FILE = '[[subscription]]\nname = "Example Corp"\nmunchkin_account = "561-HYG-937"\n'


def describe(*fields: dict[str, Any]) -> dict[str, Any]:
    """The vendor's answer to describe."""
    return {"requestId": "c1e8#19cade21270", "success": True, "result": list(fields)}


def described(name: str, type: str = "string", length: int | None = 255, **more: Any) -> dict[str, Any]:
    """One field of it."""
    small = name[:1].lower() + name[1:]
    field: dict[str, Any] = {"id": 31, "displayName": f"The {name}", "dataType": type}
    if length is not None:
        field["length"] = length
    names = {"rest": {"name": small, "readOnly": False}, "soap": {"name": name, "readOnly": False}}
    return {**field, **names, **more}


@pytest.fixture
def declared(run: Run, tmp_path: Path) -> None:
    """A database with one subscription."""
    (tmp_path / "leads.toml").write_text(FILE)
    assert run("apply", "leads.toml").code == 0


def own_fields(run: Run) -> dict[str, dict[str, Any]]:
    """The subscription's own fields by name."""
    listed = json.loads(run("fields", "list", "--json").out)
    return {field["name"]: field for field in listed[len(STANDARD) :]}


@pytest.mark.usefixtures("declared")
def test_missing_fields_are_added(run: Run, tmp_path: Path) -> None:
    """With names, label, type and length; those that are there stay, and what cannot be added is named."""
    only_rest = {"displayName": "Only REST", "dataType": "score", "rest": {"name": "onlyRest", "readOnly": False}}
    (tmp_path / "d.json").write_text(
        json.dumps(
            describe(
                described("FirstName"),
                described("ShoeSize", "integer", None),
                described("Story", "text", 2000),
                described("Nick", length=40),
                described("Plain"),
                described("Boss", "reference"),
                described("LeadScore", "integer", None),
                {"displayName": "Marketo ID", "dataType": "integer", "rest": {"name": "id", "readOnly": True}},
                {"displayName": "Created At", "dataType": "datetime", "rest": {"name": "createdAt", "readOnly": True}},
                only_rest,
                described("Fixed", soap={"name": "Fixed", "readOnly": True}),
            )
        )
    )

    ran = run("fields", "import", "d.json")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "added field ShoeSize (integer)",
        "added field Story (text)",
        "added field Nick (string)",
        "added field Plain (string)",
        "added field onlyRest (score)",
        "added field Fixed (string)",
        "left out Boss: there are no fields of type 'reference'",
        "kept LeadScore: its type is 'score', in the file 'integer'",
        "left out id: a key or a time of every lead, no field",
        "Fixed is read-only in the file and can be written here",
        "added 6 of 11 fields; 3 are there, 2 left out",
    ]
    own = own_fields(run)
    assert (own["ShoeSize"]["rest_name"], own["ShoeSize"]["label"]) == ("shoeSize", "The ShoeSize")
    assert (own["Story"]["max_length"], own["Nick"]["max_length"], own["Plain"]["max_length"]) == (2000, 40, None)
    assert (own["onlyRest"]["soap_name"], own["onlyRest"]["rest_name"]) == ("onlyRest", "onlyRest")


@pytest.mark.usefixtures("declared")
def test_it_is_safe_to_repeat(run: Run, tmp_path: Path) -> None:
    """The second time there is nothing to add; the list alone is read as well as the whole answer."""
    (tmp_path / "d.json").write_text(json.dumps([described("ShoeSize", "integer", None)]))
    run("fields", "import", "d.json")

    assert run("fields", "import", "d.json").out == "added 0 of 1 fields; 1 are there, 0 left out\n"


@pytest.mark.usefixtures("declared")
def test_a_dry_run_writes_nothing(run: Run, tmp_path: Path) -> None:
    """It says what would be added."""
    (tmp_path / "d.json").write_text(json.dumps([described("ShoeSize", "integer", None)]))

    ran = run("fields", "import", "d.json", "--dry-run")

    assert ran.out.splitlines()[0] == "would add field ShoeSize (integer)"
    assert own_fields(run) == {}


@pytest.mark.usefixtures("declared")
def test_fields_move_with_an_export(run: Run, tmp_path: Path) -> None:
    """What `fields list --json` shows is what another database then has."""
    run("fields", "add", "ShoeSize", "--type", "string", "--label", "Shoe size", "--max-length", "5")
    run("fields", "add", "Story", "--type", "text", "--rest-name", "tale")
    (tmp_path / "own.json").write_text(run("fields", "list", "--json").out)
    other = ("--database-url", "sqlite:///other.db")
    run("apply", "leads.toml", *other)

    ran = run("fields", "import", "own.json", *other)

    assert (ran.code, ran.out.splitlines()[-1]) == (
        0,
        f"added 2 of {len(STANDARD) + 2} fields; {len(STANDARD)} are there, 0 left out",
    )
    assert run("fields", "list", "--json", *other).out == (tmp_path / "own.json").read_text()


@pytest.mark.usefixtures("declared")
def test_what_differs_is_named(run: Run, tmp_path: Path) -> None:
    """A field that is there stays; a name that another field has is not taken from it."""
    run("fields", "add", "Nick", "--type", "string", "--max-length", "5")
    run("fields", "add", "Other", "--type", "string", "--rest-name", "taken")
    taken = described("New", rest={"name": "NEW", "readOnly": False})
    (tmp_path / "d.json").write_text(
        json.dumps([described("Nick", "text", 300), taken, described("Newer", rest={"name": "fax", "readOnly": False})])
    )

    ran = run("fields", "import", "d.json")

    assert ran.out.splitlines() == [
        "added field New (string)",
        "kept Nick: its type is 'string', in the file 'text'",
        "kept Nick: its label is 'Nick', in the file 'The Nick'",
        "kept Nick: it holds 5 characters, in the file 300",
        "kept Fax: its type is 'phone', in the file 'string'",
        "added 1 of 3 fields; 2 are there, 0 left out",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"result": [\n  {"id": }\n]}', "line 2, column 10: not JSON"),
        ("", "line 1, column 1: not JSON"),
        ('"text"', "neither a list of fields nor"),
        ("{}", "neither a list of fields nor"),
        ('{"success": false, "errors": [{"code": "601", "message": "Access token invalid"}]}', "Access token invalid"),
        ('{"result": [{"name": "API Lead", "searchableFields": [["email"]], "fields": []}]}', "result[0] is an answer to describe2"),
        ('[7]', "[0] is not the description of a field"),
        ('[{"displayName": "A", "dataType": "string"}]', "[0] has neither rest nor soap"),
        ('[{"dataType": "string", "soap": {"label": "A"}}]', "[0].soap.name is not a text"),
        ('[{"dataType": "string", "soap": "A"}]', "[0].soap is not an object"),
        ('{"result": [{"soap": {"name": "A"}}]}', "result[0].dataType is not a text"),
        ('[{"dataType": "string", "soap": {"name": "A"}, "length": "9"}]', "[0].length is not a whole number"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused(run: Run, tmp_path: Path, text: str, words: str) -> None:
    """One sentence names the place."""
    (tmp_path / "d.json").write_text(text)

    ran = run("fields", "import", "d.json")

    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_file_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    """No file, and no text."""
    (tmp_path / "d.json").write_bytes(b"\xff\xfe[]")

    assert "is not UTF-8" in run("fields", "import", "d.json").err
    assert "cannot be read" in run("fields", "import", "nothing.json").err
