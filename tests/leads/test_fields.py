"""The field catalogue finds what a call means by a name."""

import sys
import unicodedata
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synclead.leads.fields import FIELD_TYPES, STANDARD, Catalogue, Field, auto_field
from synclead.leads.text import WHITE_SPACE, fold, quoted

CATALOGUE = Catalogue()
COLOUR = Field("FavouriteColour", "FavouriteColour", "favouriteColour", "Favourite colour", "string")


def test_standard_fields_are_complete_and_their_names_are_unique() -> None:
    """There are 43 fields with a SOAP name and 13 without, and no two share a name but for case."""
    assert Counter(field.soap_name is not None for field in STANDARD) == {True: 43, False: 13}
    assert len({fold(field.soap_name) for field in STANDARD if field.soap_name}) == 43
    assert len({fold(field.rest_name) for field in STANDARD}) == 56
    assert len({field.name for field in CATALOGUE.fields}) == 56
    assert {field.type for field in STANDARD} <= set(FIELD_TYPES)
    assert all(field.label and field.max_length is None and not field.auto for field in STANDARD)
    names = {name for f in STANDARD for name in (f.soap_name, f.rest_name) if name}
    assert all(name == name.strip() for name in names)


def test_soap_and_rest_names_mean_the_same_standard_field() -> None:
    """Of the standard fields no SOAP name is the REST name of another."""
    for field in STANDARD:
        for name in (field.soap_name, field.rest_name):
            if name and field.writable_by_soap:
                assert CATALOGUE.find(name) is field


@pytest.mark.parametrize(
    ("attr_name", "name"),
    [
        pytest.param("FirstName", "FirstName", id="the SOAP name"),
        pytest.param("FIRSTNAME", "FirstName", id="the SOAP name in capitals"),
        pytest.param("firstName", "FirstName", id="the REST name"),
        pytest.param("jigsawContactId", "Marketo Jigsaw Contact Id", id="a REST name unlike the SOAP name"),
        pytest.param("marketo jigsaw contact id", "Marketo Jigsaw Contact Id", id="a SOAP name with blanks"),
        pytest.param("priority", "priority", id="a field without a SOAP name that can be written"),
        pytest.param("AnonymousIP", "AnonymousIP", id="a read-only field with a SOAP name"),
        pytest.param("email", "Email", id="the Email field"),
    ],
)
def test_an_attribute_name_finds_its_field(attr_name: str, name: str) -> None:
    """Names are found by SOAP name, then by REST name, without regard to case."""
    field = CATALOGUE.find(attr_name)
    assert field is not None
    assert field.name == name
    assert CATALOGUE.get(name) is field


@pytest.mark.parametrize("attr_name", ["pants", "createdAt", "inferredCity", "First Name", ""])
def test_other_names_find_nothing(attr_name: str) -> None:
    """Unknown names, labels and read-only fields without a SOAP name are not found."""
    assert CATALOGUE.find(attr_name) is None


def test_a_read_only_rest_field_is_borne_though_not_found() -> None:
    """`createdAt` is taken, so that no call makes a second field of that name."""
    assert CATALOGUE.bears("CREATEDAT")
    assert CATALOGUE.get("createdAt") is not None
    assert not CATALOGUE.bears("pants")


def test_a_catalogue_with_more_fields_leaves_the_first_as_it_was() -> None:
    """`with_fields` makes another catalogue that finds old and new fields."""
    first = Catalogue([COLOUR])
    second = first.with_fields([auto_field("Pants")])
    assert second.find("FAVOURITECOLOUR") is COLOUR
    assert second.find("pants") == Field("Pants", "Pants", "pants", "Pants", "string", auto=True)
    assert second.fields == (*STANDARD, COLOUR, auto_field("Pants"))
    assert first.find("pants") is None
    assert CATALOGUE.find("FavouriteColour") is None


def test_a_soap_name_goes_before_a_rest_name() -> None:
    """Where one name could mean two fields, the one with that SOAP name is found, in either order."""
    by_rest = Field("Tone", "Tone", "hue", "Tone", "string")
    by_soap = Field("Hue", "Hue", "colourHue", "Hue", "string")
    for fields in ([by_rest, by_soap], [by_soap, by_rest]):
        catalogue = Catalogue(fields)
        assert catalogue.find("hue") is by_soap
        assert catalogue.find("HUE") is by_soap


def test_a_standard_field_keeps_its_name() -> None:
    """A custom field cannot hide a standard one."""
    catalogue = Catalogue([Field("City", "City", "town", "Town", "text")])
    found = catalogue.find("City")
    assert found is not None
    assert found.label == "City"


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        pytest.param(replace(COLOUR, soap_name="city"), "'city' is taken", id="the SOAP name of another"),
        pytest.param(replace(COLOUR, rest_name="createdat"), "'createdat' is taken", id="a REST name of another"),
        pytest.param(replace(COLOUR, name="", soap_name=""), "is empty", id="an empty name"),
        pytest.param(replace(COLOUR, name="a ", soap_name="a "), "white space", id="a blank at its end"),
        pytest.param(replace(COLOUR, name="a\tb", soap_name="a\tb"), "control character", id="a control"),
        pytest.param(replace(COLOUR, name="a" * 256, soap_name="a" * 256), "at most 255", id="too long"),
        pytest.param(replace(COLOUR, max_length=0), "max_length 0", id="no length"),
        pytest.param(replace(COLOUR, max_length=65_536), "max_length 65536", id="a length no value has"),
        pytest.param(replace(COLOUR, type="colour"), "'colour' is none of", id="an unknown type"),  # type: ignore[arg-type]
    ],
)
def test_check_refuses_a_field_naming_the_value(field: Field, reason: str) -> None:
    """A field that could not be told from another, or holds nothing, cannot be added."""
    with pytest.raises(ValueError, match=reason):
        CATALOGUE.check(field)


def test_check_accepts_a_new_field() -> None:
    """A field with names of its own can be added, once."""
    CATALOGUE.check(COLOUR)
    with pytest.raises(ValueError, match="'FavouriteColour' is taken"):
        Catalogue([COLOUR]).check(COLOUR)


def test_white_space_is_what_unicode_calls_so() -> None:
    """The 25 characters of White_Space: what `isspace` knows, but the four separators of ASCII."""
    by_python = {chr(c) for c in range(sys.maxunicode + 1) if chr(c).isspace()}
    assert set(WHITE_SPACE) == by_python - {"\x1c", "\x1d", "\x1e", "\x1f"}
    assert len(WHITE_SPACE) == 25


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    """The compared form of a name is its own compared form, whatever its case and composition."""
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


def test_long_values_are_cut_in_messages() -> None:
    """Messages quote a value whole where it is short, and escape what could break a line."""
    assert quoted("a\nb") == r"'a\nb'"
    assert quoted("x" * 40) == repr("x" * 40)
    assert quoted("x" * 41) == repr("x" * 40 + "…")
