"""What the headers of a file mean."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from support.world import subscription
from synclead.leads.columns import Columns, ColumnsError, RowOptions, read_columns
from synclead.leads.fields import Catalogue, Field
from synclead.leads.record import RawAttribute

CUSTOM = (
    Field("ShoeSize", "ShoeSize", "shoeSize", "Shoe size", "integer"),
    Field("Nick", "Nick", "nickName", "First Name", "string"),
)


def columns(*header: str, policy: Mapping[str, object] | None = None, **options: object) -> Columns:
    """The columns of headers in a subscription with two fields of its own."""
    rules = replace(subscription(policy=policy), catalogue=Catalogue(CUSTOM))
    return read_columns(header, rules, RowOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("FirstName", "FirstName"),
        ("FIRSTNAME", "FirstName"),
        (" firstname ", "FirstName"),
        ("firstName", "FirstName"),
        ("Job Title", "Title"),
        ("job title", "Title"),
        ("jigsawContactId", "Marketo Jigsaw Contact Id"),
        ("Marketo Data.com ID", "Marketo Jigsaw Contact Id"),
        ("email address", "Email"),
        ("shoe SIZE", "ShoeSize"),
        ("NICKNAME", "Nick"),
        ("urgency", "urgency"),
        ("Email Invalid Cause", "emailInvalidCause"),
    ],
)
def test_a_field_has_three_names(header: str, name: str) -> None:
    """SOAP name, REST name and label name a field, in any letter case."""
    assert columns("Id", header).record(["1", "x"]).attributes == (RawAttribute(name, "x"),)


@pytest.mark.parametrize("header", ["Cookie", "marketoCookie", "COOKIE"])
def test_keys_have_names_of_their_own(header: str) -> None:
    """They are parts of the record, and no attributes."""
    read = columns("id", "foreignSysType", "FOREIGNSYSPERSONID", header, "partition")

    record = read.record(["7", "SFDC", "A|B", "c|d", "Europe"])

    assert (record.id, record.foreign_type, record.foreign_id, record.cookie) == ("7", "SFDC", "A|B", "c|d")
    assert (record.row is not None and record.row.partition, record.attributes) == ("Europe", ())


@pytest.mark.parametrize(
    "names", [("createdAt", "updatedAt", "lastChange"), ("Created At", "updated at", "Last Change")]
)
def test_what_a_kept_lead_can_be_given(names: tuple[str, ...]) -> None:
    """Times, change and read-only fields, also those that no call may name."""
    record = columns("Id", *names, "Inferred City", keep_ids=True).record(["7", "a", "b", "c", "Bonn"])

    assert record.row is not None
    assert (record.row.created_at, record.row.updated_at, record.row.last_change) == ("a", "b", "c")
    assert record.attributes == (RawAttribute("inferredCity", "Bonn"),)


def test_a_blank_cell_leaves_its_field() -> None:
    """Files have blanks everywhere, so they clear only where that was chosen."""
    header, cells = ("Id", "FirstName", "LastName", "Email"), ["7", "", " \u3000", "a@e.com"]

    assert [one.name for one in columns(*header).record(cells).attributes] == ["Email"]
    cleared = columns(*header, clear_blank=True).record(cells).attributes
    assert [(one.name, one.value) for one in cleared][:2] == [("FirstName", ""), ("LastName", " \u3000")]


def test_columns_can_be_left_out() -> None:
    """By their headers, in any letter case; reasons of an earlier refusal are left out by themselves."""
    read = columns("Email", "Junk", "createdAt", "Refused because", ignored=("junk", "CreatedAt"))

    assert read.record(["a@e.com", "x", "y", "z"]).attributes == (RawAttribute("Email", "a@e.com"),)


def test_unknown_columns_become_fields_where_naming_makes_them() -> None:
    """As attributes of calls do under `unknown_fields = "create"`."""
    read = columns("Email", " Pants ", policy={"unknown_fields": "create"})

    assert read.record(["a@e.com", "long"]).attributes[1] == RawAttribute("Pants", "long")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["Email", "First Name"], ["'First Name' is the label of several fields", "FirstName or Nick"]),
        (["Email", "FirstName", "firstname"], ["'FirstName' and 'firstname' are the same"]),
        (["Email", "Title", "Job Title"], ["'Title' and 'Job Title' are the same"]),
        (["Email", "Cookie", "marketoCookie"], ["'Cookie' and 'marketoCookie' are the same"]),
        (["Email", "Hat", "Pants"], ["'Hat', 'Pants'", "fields add", "fields import", "--ignore-column Hat"]),
        (["Email", "createdAt", "Inferred City", "lastChange"], ["createdAt", "Inferred City", "--keep-ids", "--ignore-column"]),
        (["Email", "", "FirstName"], ["column 2 has no name"]),
        (["FirstName", "ForeignSysType"], ["which lead"]),
    ],
)  # fmt: skip
def test_columns_that_are_refused(header: list[str], words: list[str]) -> None:
    """The sentence names the columns and says what to do."""
    with pytest.raises(ColumnsError) as refused:
        columns(*header)

    for word in words:
        assert word in str(refused.value)


def test_kept_ids_need_a_column_of_ids() -> None:
    """There is nothing to keep otherwise."""
    with pytest.raises(ColumnsError, match="needs a column Id"):
        columns("Email", keep_ids=True)


def test_an_ignored_column_must_be_there() -> None:
    """A slip in the name is not taken for done."""
    with pytest.raises(ColumnsError, match="'Jnuk' names no column"):
        columns("Email", "Junk", ignored=("Jnuk",))


def test_a_column_that_can_be_no_field_is_refused() -> None:
    """Also where naming makes fields."""
    with pytest.raises(ColumnsError, match="control character"):
        columns("Email", "a\x01b", policy={"unknown_fields": "create"})


def test_columns_make_no_more_fields_than_there_may_be() -> None:
    """The whole file is refused before its first row; to name them and leave some out is what is left."""
    policy = {"unknown_fields": "create", "created_fields_limit": 1}
    assert columns("Email", "Hat", policy=policy).record(["a@e.com", "x"]).email is None

    with pytest.raises(ColumnsError, match="'Hat', 'Pants': that would make 2 fields, and 1 are left of the 1"):
        columns("Email", "Hat", "Pants", policy=policy)


def test_an_unknown_column_twice_is_refused() -> None:
    """In any letter case: it would be the same field."""
    with pytest.raises(ColumnsError, match="'Pants' and 'PANTS' are the same"):
        columns("Email", "Pants", "PANTS", policy={"unknown_fields": "create"})
