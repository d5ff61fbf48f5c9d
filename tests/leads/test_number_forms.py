"""Numbers of files: with a decimal comma where somebody says so, and never another number in silence."""

from zoneinfo import ZoneInfo

import pytest

from synclead.leads.fields import Field, FieldType
from synclead.leads.forms import Forms
from synclead.leads.number_forms import is_rounded, may_be_a_thousand
from synclead.leads.values import BadValueError, value_reader

UTC = ZoneInfo("UTC")
COMMA = Forms(decimal_comma=True)


def read(type: FieldType, text: str, forms: Forms = COMMA) -> str | None:
    """The value of a file."""
    return value_reader(Field("F", "F", "f", "F", type), UTC, forms)(text)


@pytest.mark.parametrize("type", ["float", "currency", "percent"])
@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1.234,50", "1234.5"),
        ("1 234,50", "1234.5"),
        ("1\u00a0234,50", "1234.5"),
        ("1\u202f234\u202f567,5", "1234567.5"),
        ("1'234,50", "1234.5"),
        ("1\u2019234,50", "1234.5"),
        ("9,99", "9.99"),
        (",5", "0.5"),
        ("5,", "5"),
        ("5", "5"),
        ("-1.234.567,891", "-1234567.891"),
        ("1.234", "1234"),
        ("1.000", "1000"),
        ("1,234", "1.234"),
        ("1234,5", "1234.5"),
        ("€ 1.234,50", "1234.5"),
        ("1.234,50 €", "1234.5"),
        ("-9,99€", "-9.99"),
        ("€-9,99", "-9.99"),
        ("12,5 %", "12.5"),
        ("12,5%", "12.5"),
    ],
)
def test_decimals_with_a_comma(type: FieldType, text: str, canonical: str) -> None:
    """Points, blanks and apostrophes part groups; the currency sign may stand behind the number."""
    assert read(type, text) == canonical


@pytest.mark.parametrize("type", ["integer", "score"])
@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1.000", "1000"),
        ("-12.000", "-12000"),
        ("1 000", "1000"),
        ("5,0", "5"),
        ("5,00", "5"),
        ("7", "7"),
        ("1.000,000", "1000"),
    ],
)
def test_whole_numbers_with_a_comma(type: FieldType, text: str, canonical: str) -> None:
    """A thousand is one, and a tail of zeros is none."""
    assert read(type, text) == canonical


@pytest.mark.parametrize("type", ["integer", "score", "currency"])
def test_a_comma_and_three_zeros_are_not_guessed(type: FieldType) -> None:
    """As a point and three zeros are not where the point is the decimal sign."""
    with pytest.raises(BadValueError, match=f"{type} '1,000' has a comma and three zeros, a thousand to some"):
        read(type, "1,000")


@pytest.mark.parametrize("type", ["integer", "float", "currency", "percent"])
@pytest.mark.parametrize(
    "text",
    [
        "1,234.50",
        "12.34",
        "1.5",
        "1.23.456",
        "1.234 567",
        "1,2,3",
        "1.234.50",
        ",",
        "€5€",
        "5 x",
        "x5",
        "4,9301E+11",
        "1  234",
        "--5",
        "% 5",
    ],
)
def test_other_numbers_are_bad(type: FieldType, text: str) -> None:
    """Numbers with a decimal point, mixed groups, and what is none anywhere."""
    with pytest.raises(BadValueError, match=f"Bad value for F: {type} "):
        read(type, text)


@pytest.mark.parametrize("text", ["1.234,50", "9,99", "1 234", "1.234.567"])
@pytest.mark.parametrize("type", ["currency", "float", "integer", "score"])
def test_what_has_a_decimal_comma_is_told_the_option(type: FieldType, text: str) -> None:
    """Where the option would read the value, or nearly: the reason names it."""
    with pytest.raises(BadValueError) as fault:
        read(type, text, Forms())
    whole = text in ("1 234", "1.234.567") or type in ("currency", "float")
    assert ("say so with --decimal-comma" in fault.value.why) == whole


def test_a_thousand_with_a_point_is_told_the_option() -> None:
    """It is 1000 with it, and refused without."""
    for type in ("integer", "currency"):
        with pytest.raises(BadValueError, match=r"has a point and three zeros.*; where the comma .* --decimal-comma"):
            read(type, "1.000", Forms())
    assert read("integer", "1,000", Forms()) == "1000"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("4.9301E+11", True),
        ("4,9301E+11", True),
        ("1E+05", True),
        ("-2.5e+100", True),
        ("1E5", False),
        ("7E-10", False),
        ("AE+11", False),
        ("4.9301E+11x", False),
        ("+49 30", False),
    ],
)
def test_numbers_that_a_spreadsheet_has_rounded(text: str, is_one: bool) -> None:
    """It writes a point or a comma, and the sign and two digits at least of the exponent."""
    assert is_rounded(text) is is_one


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("1.500", True),
        ("12.345", True),
        ("$1.234", True),
        ("-1.000", True),
        ("0.500", False),
        ("1234.500", False),
        ("1.5", False),
        ("1.2345", False),
        ("1,234.500", False),
        ("5", False),
    ],
)
def test_which_decimals_may_be_thousands(text: str, may: bool) -> None:
    """Those of up to three digits, a point and three more; none begins with nought."""
    assert may_be_a_thousand(text) is may
