"""Values are read into one canonical form of their type, and shown so that they can be sent back."""

from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from synclead.leads.fields import FIELD_TYPES, Field, FieldType
from synclead.leads.text import trim
from synclead.leads.values import BadValueError, parse_value, show_value

UTC = ZoneInfo("UTC")
ZONES = [UTC, *map(ZoneInfo, ("America/Chicago", "Europe/Amsterdam", "Asia/Kathmandu", "Africa/Monrovia"))]
STRINGS: list[FieldType] = ["string", "phone", "url", "email"]
WHOLE: list[FieldType] = ["integer", "score"]
DECIMALS: list[FieldType] = ["float", "currency", "percent"]


def field(type: FieldType, max_length: int | None = None) -> Field:
    return Field("F", "F", "f", "F", type, max_length=max_length)


def parse(type: FieldType, text: str, zone: ZoneInfo = UTC) -> str | None:
    return parse_value(field(type), text, zone)


@pytest.mark.parametrize("type", FIELD_TYPES)
@pytest.mark.parametrize("text", ["", " ", "\t\r\n\u3000\u2028"])
def test_blank_clears(type: FieldType, text: str) -> None:
    """White space alone clears a field of every type."""
    assert parse(type, text) is None


@pytest.mark.parametrize("type", STRINGS)
def test_short_texts_are_trimmed_at_their_ends(type: FieldType) -> None:
    """Everything else is kept: blanks inside, controls, every composition."""
    assert parse(type, "\u00a0a  b\x85") == "a  b"
    assert parse(type, "e\u0301\x01\u200b") == "e\u0301\x01\u200b"
    assert parse(type, "😀" * 255 + " ") == "😀" * 255


def test_text_is_kept_as_sent() -> None:
    """Blanks at the ends of a text belong to it, up to 65,535 characters."""
    assert parse("text", " a \n") == " a \n"
    assert parse("text", "x" * 65_535) == "x" * 65_535


@pytest.mark.parametrize(
    ("type", "max_length", "length", "limit"),
    [
        ("string", None, 256, 255),
        ("url", None, 256, 255),
        ("text", None, 65_536, 65_535),
        ("string", 10, 11, 10),
    ],
)
def test_texts_longer_than_their_field_are_bad(
    type: FieldType, max_length: int | None, length: int, limit: int
) -> None:
    """The message says how long the value is and shows its start only."""
    with pytest.raises(BadValueError) as fault:
        parse_value(field(type, max_length), "x" * length, UTC)
    assert fault.value.message == (
        f"Bad value for F: {type} '{'x' * length if length < 41 else 'x' * 40 + '…'}' "
        f"has {length} characters, at most {limit} are allowed"
    )
    assert fault.value.why == f"has {length} characters, at most {limit} are allowed"


def test_a_field_may_hold_longer_strings() -> None:
    """`max_length` of the field counts."""
    assert parse_value(field("string", 300), "x" * 300, UTC) == "x" * 300


@pytest.mark.parametrize("type", WHOLE)
@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("5", "5"),
        (" +5 ", "5"),
        ("-5", "-5"),
        ("-0", "0"),
        ("007", "7"),
        ("1,234", "1234"),
        ("1,234.00", "1234"),
        ("-1,234,567", "-1234567"),
        ("2147483647", "2147483647"),
        ("-2147483648", "-2147483648"),
        ("2147483647.0", "2147483647"),
        ("5.0", "5"),
        ("5.00", "5"),
        ("5.0000", "5"),
        ("5.000000", "5"),
        ("1,000", "1000"),
        pytest.param("1,000.000", "1000", id="a comma before says what the point is"),
        pytest.param("-0.000", "0", id="no thousand of nothing"),
        pytest.param("0" * 60_000 + "1", "1", id="many zeros"),
    ],
)
def test_whole_numbers(type: FieldType, text: str, canonical: str) -> None:
    """Sign, digits, commas between groups of three, a tail of zeros."""
    assert parse(type, text) == canonical


@pytest.mark.parametrize("type", WHOLE)
@pytest.mark.parametrize(
    "text",
    [
        "12,34",
        "1234,567",
        ",123",
        "1,",
        "1.5",
        "1.",
        ".0",
        "+-1",
        "--1",
        "1e3",
        "٣",
        "１",
        "1 000",
        "$5",
        "5%",
        "- 5",
        "2147483648",
        "-2147483649",
        "1_000",
        "x",
        "9" * 60_000,
    ],
)
def test_other_whole_numbers_are_bad(type: FieldType, text: str) -> None:
    """Wrong groups, fractions, exponents, other digits, more than 32 bits."""
    with pytest.raises(BadValueError, match=f"Bad value for F: {type} "):
        parse(type, text)


@pytest.mark.parametrize(
    ("type", "text"),
    [
        *((type, text) for type in WHOLE for text in ("1.000", "12.000", "-1.000", "+7.000", "1234.000", "010.000")),
        *(("currency", text) for text in ("1.000", "12.000", "999.000", "-1.000", "$1.000", "€-12.000", "010.000")),
    ],
)
def test_a_thousand_or_nothing_is_not_guessed(type: FieldType, text: str) -> None:
    """Of whole numbers and of amounts a point and three zeros is refused: half the world writes a thousand so."""
    with pytest.raises(BadValueError) as fault:
        parse(type, f" {text} ")
    assert fault.value.why == "has a point and three zeros, a thousand to some and nothing to others: write it without"
    assert fault.value.message == f"Bad value for F: {type} '{text}' {fault.value.why}"


@pytest.mark.parametrize("type", [*WHOLE, *DECIMALS])
@pytest.mark.parametrize(
    "text",
    [
        *(
            "1.000.000",
            "1.234.567",
            "1.234,5",
            "1.234,50",
            "1,5",
            "9,99",
            "12,34",
            "1,0000",
            "1,000,00",
            "1.0e3",
            "1E+05",
        ),
        *(
            "1 000",
            "1\u00a0000",
            "1\u202f000",
            "1\u2009000",
            "1'000",
            "1\u2019000",
            "1_000",
            "1\u066c000",
            "1\u060c000",
        ),
        *("4.9301E+11", "(5.00)", "5-", "1,00,000", "1.00.000"),
    ],
)
def test_numbers_of_other_places_are_bad(type: FieldType, text: str) -> None:
    """Whatever groups or parts the digits otherwise is refused, so that no number is another one in silence."""
    with pytest.raises(BadValueError, match=f"Bad value for F: {type} "):
        parse(type, text)


@pytest.mark.parametrize(
    ("type", "text", "canonical"),
    [
        *((type, "1.234", "1.234") for type in DECIMALS),
        *((type, "1.500", "1.5") for type in DECIMALS),
        *((type, "1.000", "1") for type in ("float", "percent")),
        *(("currency", text, kept) for text, kept in (("0.000", "0"), ("1234.000", "1234"), ("1,000.000", "1000"))),
        *(("currency", text, "1") for text in ("1.00", "1.0000", "$1.00", "1.0")),
    ],
)
def test_a_point_is_a_decimal_point(type: FieldType, text: str, canonical: str) -> None:
    """Also before three digits: what an answer shows of a lead must be read back, and no program groups so."""
    assert parse(type, text) == canonical


@pytest.mark.parametrize("type", DECIMALS)
@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-.50", "-0.5"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("+00012.3400", "12.34"),
        ("1,234,567.891", "1234567.891"),
        ("$1,234.50", "1234.5"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("+€5", "5"),
        ("£5", "5"),
        ("¥5", "5"),
        ("₹5.10", "5.1"),
        ("12.5%", "12.5"),
        ("0.1", "0.1"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("0." + "0" * 29 + "1", "0." + "0" * 29 + "1"),
        ("000" + "1" * 30 + ".000", "1" * 30),
        ("100000000000000000000", "100000000000000000000"),
    ],
)
def test_decimal_numbers(type: FieldType, text: str, canonical: str) -> None:
    """Exact, shortest, without exponent; currency sign, sign before or after it, per cent sign."""
    assert parse(type, text) == canonical


@pytest.mark.parametrize("type", DECIMALS)
@pytest.mark.parametrize(
    "text",
    [
        ".",
        "-",
        "$",
        "%",
        "-$-5",
        "+-5",
        "$$5",
        "5$",
        "1e3",
        "NaN",
        "Infinity",
        "12,34.5",
        "1,234,5",
        "1.234,5",
        "1.2.3",
        "٣",
        "1.٣",
        "5%%",
        "x5",
        "😀5",
        "1" * 31,
        "0." + "1" * 31,
    ],
)
def test_other_decimal_numbers_are_bad(type: FieldType, text: str) -> None:
    """No exponents, no numbers of other places, at most 30 digits."""
    with pytest.raises(BadValueError, match=f"Bad value for F: {type} "):
        parse(type, text)


@pytest.mark.parametrize("text", ["true", "True", "1", "YES", "t", "Y", "on", " on "])
def test_yes(text: str) -> None:
    """Every spelling of yes is kept as 1."""
    assert parse("boolean", text) == "1"


@pytest.mark.parametrize("text", ["false", "FALSE", "0", "no", "f", "N", "off"])
def test_no(text: str) -> None:
    """Every spelling of no is kept as 0."""
    assert parse("boolean", text) == "0"


@pytest.mark.parametrize("text", ["2", "ja", "-1", "yes!", "00", "１"])
def test_other_booleans_are_bad(text: str) -> None:
    """The message lists what is accepted."""
    with pytest.raises(BadValueError, match="is none of true, 1, yes, t, y, on, false, 0, no, f, n, off"):
        parse("boolean", text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2012-02-29", "2012-02-29"),
        ("2012-10-15T23:30:00-11:00", "2012-10-15"),
        ("2012-10-15 00:30", "2012-10-15"),
        ("2012-10-15T00:30:00.000+14:00", "2012-10-15"),
        ("2012-10-15Z", "2012-10-15"),
        ("2012-10-15T24:00:00", "2012-10-15"),
        ("2/9/2012", "2012-02-09"),
        ("12/31/1999", "1999-12-31"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31"),
    ],
)
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_dates_are_the_day_as_written(text: str, canonical: str, zone: ZoneInfo) -> None:
    """No offset and no zone shifts a date."""
    assert parse("date", text, zone) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "2011-02-29",
        "2012-13-01",
        "31/12/1999",
        "0000-01-01",
        "12-1-1",
        "2012-1-1",
        "20120101",
        "1/1/12",
        "x",
        "2012-10-15T25:00",
        "2012-10-15T",
        "2012-10-15T10:00+24:00",
        "１/1/2012",
        "2012-10-15  10:00",
    ],
)
def test_other_dates_are_bad(text: str) -> None:
    """Days that do not exist, and other forms."""
    with pytest.raises(BadValueError, match="Bad value for F: date "):
        parse("date", text)


@pytest.mark.parametrize(
    ("text", "zone", "canonical"),
    [
        ("2012-10-15T14:01:26-05:00", "UTC", "2012-10-15T19:01:26Z"),
        ("2012-10-15 14:01:26", "UTC", "2012-10-15T14:01:26Z"),
        ("2012-10-15T14:01", "UTC", "2012-10-15T14:01:00Z"),
        ("2012-10-15T14:01:26.999999999Z", "UTC", "2012-10-15T14:01:26Z"),
        ("2012-10-15T14:01:26,9z", "UTC", "2012-10-15T14:01:26Z"),
        ("2012-10-15 14:01:26 +0900", "UTC", "2012-10-15T05:01:26Z"),
        ("2012-10-15T14:01:26+09", "UTC", "2012-10-15T05:01:26Z"),
        ("2012-10-15T24:00:00Z", "UTC", "2012-10-16T00:00:00Z"),
        ("2012-10-15T14:01:26", "America/Chicago", "2012-10-15T19:01:26Z"),
        pytest.param("2012-11-04T01:30:00", "America/Chicago", "2012-11-04T06:30:00Z", id="twice"),
        pytest.param("2012-03-11T02:30:00", "America/Chicago", "2012-03-11T08:30:00Z", id="never"),
        pytest.param("2012-10-28T02:30:00", "Europe/Berlin", "2012-10-28T00:30:00Z", id="twice, Berlin"),
        pytest.param("2012-03-25T02:30:00", "Europe/Berlin", "2012-03-25T01:30:00Z", id="never, Berlin"),
        pytest.param("2500-07-01T12:00:00", "America/Chicago", "2500-07-01T17:00:00Z", id="a far summer"),
        ("1900-01-02T00:00:00Z", "UTC", "1900-01-02T00:00:00Z"),
        ("1900-01-01T23:00:00-01:00", "UTC", "1900-01-02T00:00:00Z"),
        ("9999-12-30T23:59:59Z", "UTC", "9999-12-30T23:59:59Z"),
        ("9999-12-31T00:59:59+01:00", "UTC", "9999-12-30T23:59:59Z"),
    ],
)
def test_datetimes_are_kept_in_utc(text: str, zone: str, canonical: str) -> None:
    """With an offset or in the subscription's zone, seconds may be missing, fractions are cut."""
    assert parse("datetime", text, ZoneInfo(zone)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "2012-10-15",
        "10/15/2012",
        "2011-02-29T10:00",
        "2012-10-15T24:00:01",
        "2012-10-15T10:60",
        "2012-10-15T10:00:60",
        "2012-10-15T10",
        "2012-10-15T10:00.5",
        "2012-10-15T10:00+24:00",
        "2012-10-15T10:00+09:60",
        "x",
        "1900-01-01T23:59:59Z",
        "1900-01-02T00:00:00+00:01",
        "9999-12-31T00:00:00Z",
        "9999-12-31T24:00:00",
        "0001-01-01T00:00:00+14:00",
        "2012-10-15T10:00:00 UTC",
        "２012-10-15T10:00",
    ],
)
def test_other_datetimes_are_bad(text: str) -> None:
    """A date alone, times that do not exist, and what lies outside 1900-01-02 to 9999-12-30."""
    with pytest.raises(BadValueError, match="Bad value for F: datetime "):
        parse("datetime", text)


@pytest.mark.parametrize(
    ("canonical", "zone", "shown"),
    [
        ("2012-10-15T19:01:26Z", "America/Chicago", "2012-10-15T14:01:26-05:00"),
        ("2012-10-15T19:01:26Z", "UTC", "2012-10-15T19:01:26+00:00"),
        pytest.param("1930-01-01T00:00:00Z", "Africa/Monrovia", "1930-01-01T00:00:00+00:00", id="-00:44:30"),
    ],
)
def test_datetimes_are_shown_in_the_zone(canonical: str, zone: str, shown: str) -> None:
    """With the offset of the zone, or in UTC where that has seconds."""
    assert show_value(field("datetime"), canonical, ZoneInfo(zone)) == shown


TEXTS: dict[FieldType, st.SearchStrategy[str]] = {
    **dict.fromkeys(STRINGS, st.text(max_size=255)),
    "text": st.text(max_size=300),
    **dict.fromkeys(WHOLE, st.integers(-(2**31), 2**31 - 1).map(str)),
    **dict.fromkeys(DECIMALS, st.from_regex(r"[+-]?[0-9]{1,15}(\.[0-9]{0,15})?", fullmatch=True)),
    "boolean": st.sampled_from(["yes", "No", "1", "f"]),
    "date": st.dates().map(str),
    "datetime": st.datetimes(datetime(1900, 1, 3), datetime(9999, 12, 29)).map(datetime.isoformat),
}


@pytest.mark.parametrize("type", FIELD_TYPES)
@given(data=st.data())
def test_a_shown_value_is_read_back_the_same(type: FieldType, data: st.DataObject) -> None:
    """What an answer shows, sent back, changes nothing, in every zone."""
    zone = data.draw(st.sampled_from(ZONES))
    canonical = parse(type, data.draw(TEXTS[type]), zone)
    assume(canonical is not None)
    assert canonical is not None
    for other in (zone, UTC):
        assert parse(type, show_value(field(type), canonical, zone), other) == canonical


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**14), max_value=10**14, places=15))
def test_decimals_are_exact(number: Decimal) -> None:
    """No digit of a decimal is lost or gained."""
    canonical = parse("float", format(number, "f"))
    assert canonical is not None
    assert Decimal(canonical) == number
    assert "e" not in canonical.lower()
    assert canonical != "-0"


@pytest.mark.parametrize("type", FIELD_TYPES)
@given(text=st.text())
def test_any_text_is_a_value_or_a_bad_one(type: FieldType, text: str) -> None:
    """No text makes anything but a canonical value or a bad-value fault."""
    with suppress(BadValueError):
        canonical = parse(type, text)
        assert canonical is None or trim(canonical)


@given(st.from_regex(r"[0-9]{1,12}", fullmatch=True))
def test_digits_alone_are_read_as_with_a_sign(text: str) -> None:
    """A few digits are read by a shorter way than other spellings, to the same value."""
    assert integer_or_reason(text) == integer_or_reason(f"+{text}") == integer_or_reason(f"{text}.0")


def integer_or_reason(text: str) -> str | None:
    try:
        return parse("integer", text)
    except BadValueError as fault:
        return fault.why
