"""Dates and times of files: as spreadsheets write them, or as somebody says they are."""

from zoneinfo import ZoneInfo

import pytest

from synclead.leads.date_forms import DateReader, day_comes_first, read_date_form
from synclead.leads.fields import Field, FieldType
from synclead.leads.forms import Forms
from synclead.leads.values import BadValueError, parse_value, value_reader

BERLIN = ZoneInfo("Europe/Berlin")


def read(type: FieldType, text: str, *formats: str, day_first: bool = False, zone: ZoneInfo = BERLIN) -> str | None:
    """The value of a file."""
    forms = Forms(dates=tuple(map(read_date_form, formats)), day_first=frozenset({"F"} if day_first else ()))
    return value_reader(Field("F", "F", "f", "F", type), zone, forms)(text)


# fmt: off
MOMENTS = [
    ("1/31/2026 10:00", "2026-01-31T09:00:00Z"),
    ("1/31/2026 10:00 AM", "2026-01-31T09:00:00Z"),
    ("1/31/2026 10:00:05 pm", "2026-01-31T21:00:05Z"),
    ("1/31/2026 10:00PM", "2026-01-31T21:00:00Z"),
    ("1/31/2026 10:00 p.m.", "2026-01-31T21:00:00Z"),
    ("1/31/2026, 10:00:00 AM", "2026-01-31T09:00:00Z"),
    ("1/31/2026 10:00\u202fAM", "2026-01-31T09:00:00Z"),
    ("1/31/2026\u00a010:00", "2026-01-31T09:00:00Z"),
    ("1/31/2026 9:05", "2026-01-31T08:05:00Z"),
    ("01/31/2026 12:00 AM", "2026-01-30T23:00:00Z"),
    ("01/31/2026 12:30 PM", "2026-01-31T11:30:00Z"),
    ("1/31/2026", "2026-01-30T23:00:00Z"),
    ("2026-01-31", "2026-01-30T23:00:00Z"),
    ("2026-01-31 10:00 AM", "2026-01-31T09:00:00Z"),
    ("2026-01-31T10:00:00+05:00", "2026-01-31T05:00:00Z"),
    ("2026-01-31 10:00 -0500", "2026-01-31T15:00:00Z"),
    ("1/31/2026 10:00 Z", "2026-01-31T10:00:00Z"),
    ("2026-01-31T10:00:00.123456Z", "2026-01-31T10:00:00Z"),
    ("7/31/2026 24:00", "2026-07-31T22:00:00Z"),
    ("7/1/2026", "2026-06-30T22:00:00Z"),
    ("3/29/2026 02:30", "2026-03-29T01:30:00Z"),
]
# fmt: on


@pytest.mark.parametrize(("text", "canonical"), MOMENTS)
def test_datetimes_are_read_in_the_forms_of_a_date_with_a_time(text: str, canonical: str) -> None:
    """In the subscription's zone where they have no offset; a date alone is its midnight."""
    assert read("datetime", text) == canonical


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1/31/2026 10:00", "2026-01-31"),
        ("1/31/2026 11:59 PM", "2026-01-31"),
        ("1/31/2026, 12:00:00 AM", "2026-01-31"),
        ("1/31/2026 23:00 -11:00", "2026-01-31"),
        ("2026-01-31 24:00", "2026-01-31"),
        ("2026-01-31", "2026-01-31"),
    ],
)
def test_dates_are_the_day_as_written_whatever_the_time(text: str, day: str) -> None:
    """A spreadsheet adds a time where nobody wrote one."""
    assert read("date", text) == day


@pytest.mark.parametrize("type", ["date", "datetime"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("31/01/2026", "has the day before the month: say so with --date-format dmy"),
        ("31/1/2026 10:00", "has the day before the month: say so with --date-format dmy"),
        (
            "31.01.2026",
            "is not YYYY-MM-DD or M/D/YYYY, with or without a time: say how dates are written with --date-format",
        ),
        ("1/31/26", "is not YYYY-MM-DD or M/D/YYYY"),
        ("46053.4166", "is not YYYY-MM-DD or M/D/YYYY"),
        ("1/31/2026 10", "is not YYYY-MM-DD or M/D/YYYY"),
        ("1/31/2026 13:00 PM", "is a time that does not exist"),
        ("1/31/2026 0:30 AM", "is a time that does not exist"),
        ("1/31/2026 10:61", "is a time that does not exist"),
        ("2/30/2026", "is a date that does not exist"),
        ("32/32/2026", "is a date that does not exist"),
        ("\uff11/31/2026", "is not YYYY-MM-DD or M/D/YYYY"),
    ],
)
def test_other_dates_are_bad(type: FieldType, text: str, why: str) -> None:
    """The reason says what is wrong and, where an option would read it, which."""
    with pytest.raises(BadValueError) as fault:
        read(type, text)
    assert fault.value.why.startswith(why)
    assert text in fault.value.message


def test_a_call_is_told_how_to_write_a_date() -> None:
    """It has no options, and takes no time in such a form."""
    with pytest.raises(BadValueError, match="has the day before the month: write it as YYYY-MM-DD or M/D/YYYY"):
        parse_value(Field("F", "F", "f", "F", "date"), "31/01/2026", BERLIN)
    with pytest.raises(BadValueError):
        parse_value(Field("F", "F", "f", "F", "datetime"), "1/31/2026 10:00", BERLIN)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1/31/2026", "2026-01-31"),
        ("5/5/2026", "2026-05-05"),
        ("2026-01-05", "2026-01-05"),
        ("05/01/2026", None),
        ("5/1/2026 10:00", None),
    ],
)
def test_where_some_date_has_its_day_first_no_other_is_guessed(text: str, kept: str | None) -> None:
    """What can be read one way alone is read; what could be two days is refused, with the advice."""
    if kept is not None:
        assert read("date", text, day_first=True) == kept
        return
    with pytest.raises(
        BadValueError,
        match="may have the day before the month, as other cells of its column do: say --date-format dmy, or mdy",
    ):
        read("date", text, day_first=True)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("31/01/2026", True),
        (" 31/1/2026 10:00", None),
        ("31/1/2026 10:00", True),
        ("05/01/2026", False),
        ("1/31/2026", None),
        ("5/5/2026", None),
        ("2026-01-31", None),
        ("32/32/2026", None),
        ("a/b", None),
    ],
)
def test_which_dates_say_that_the_day_comes_first(text: str, first: bool | None) -> None:
    """Those whose first number can be no month; of others it is open, or plain."""
    assert day_comes_first(text) is first


# fmt: off
FORMATS = [
    ("dmy", "31.01.2026 10:00", "2026-01-31T09:00:00Z"),
    ("dmy", "31/1/2026", "2026-01-30T23:00:00Z"),
    ("DMY", "5-1-2026 9:05 PM", "2026-01-05T20:05:00Z"),
    ("dmy", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
    ("mdy", "1.31.2026", "2026-01-30T23:00:00Z"),
    ("mdy", "05/01/2026", "2026-04-30T22:00:00Z"),
    ("ymd", "2026/1/31 10:00", "2026-01-31T09:00:00Z"),
    ("ymd", "2026.01.31", "2026-01-30T23:00:00Z"),
    ("%d.%m.%Y %H:%M", "31.01.2026 10:00", "2026-01-31T09:00:00Z"),
    ("%d.%m.%Y", "31.01.2026", "2026-01-30T23:00:00Z"),
    ("%d.%m.%Y", "31.01.2026 10:00:30", "2026-01-31T09:00:30Z"),
    ("%d %b %Y %H:%M", "31 Jan 2026 10:00", "2026-01-31T09:00:00Z"),
    ("%d %B %Y", "1 september 2026", "2026-08-31T22:00:00Z"),
    ("%B %d, %Y, %I:%M %p", "Sept. 1, 2026, 9:05 PM", "2026-09-01T19:05:00Z"),
    ("%Y%m%d", "20260131", "2026-01-30T23:00:00Z"),
    ("%Y-%d-%m", "2026-05-01", "2026-01-04T23:00:00Z"),
    ("%d/%m/%Y %H:%M:%S.%f %z", "31/01/2026 10:00:00.5 +0500", "2026-01-31T05:00:00Z"),
    ("%d.%m.%Y %H Uhr %M", "31.01.2026 10 Uhr 00", "2026-01-31T09:00:00Z"),
    ("%d%%%m%%%Y", "31%01%2026", "2026-01-30T23:00:00Z"),
]
# fmt: on


@pytest.mark.parametrize(("format", "text", "canonical"), FORMATS)
def test_dates_are_written_as_somebody_says(format: str, text: str, canonical: str) -> None:
    """By a word for the order, or by a format; ISO 8601 is understood beside any that begins otherwise."""
    assert read("datetime", text, format) == canonical


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("dmy", "1/31/2026"),
        ("dmy", "31.01-2026"),
        ("dmy", "31.01.26"),
        ("mdy", "31/01/2026"),
        ("%d.%m.%Y", "31/01/2026"),
        ("%d.%m.%Y %H:%M", "31.01.2026"),
        ("%Y-%d-%m", "2026-01-31"),
        ("%d %b %Y", "31 Jannuary 2026"),
    ],
)
def test_what_is_written_otherwise_is_bad(format: str, text: str) -> None:
    """Once somebody said how, nothing else is guessed."""
    with pytest.raises(BadValueError, match=r"is not written as --date-format says|does not exist"):
        read("datetime", text, format)


def test_several_formats_are_tried_in_their_order() -> None:
    """A column of days and one of moments may be written each in its way."""
    formats = ("%d.%m.%Y %H:%M", "%d.%m.%Y")
    assert [read("date", text, *formats) for text in ("31.01.2026", "01.02.2026 10:00")] == ["2026-01-31", "2026-02-01"]


@pytest.mark.parametrize(
    ("format", "why"),
    [
        ("", "must name one day"),
        ("%d.%m.%y", "has %y, which is none of %d %m"),
        ("%d.%m", "must name one year of four digits"),
        ("%m/%m/%Y", "must name one day"),
        ("%d %m %b %Y", "must name one month"),
        ("%d.%m.%Y %H", "must name the time by %H and %M"),
        ("%d.%m.%Y %I:%M", "must name the time by %H and %M, or by %I, %M and %p"),
        ("%d.%m.%Y %H:%M %p", "must name the time"),
        ("%d.%m.%Y %H:%M %M", "names a part twice"),
        ("%d.%m.%Y %H:%M.%f", "names a part twice, or a fraction without its second"),
        ("%d.%m.%Y %", "has %, which is none of"),
        ("dym", "must name one day"),
    ],
)
def test_formats_that_say_too_little_are_refused(format: str, why: str) -> None:
    """Years of two digits too: nobody knows their century."""
    with pytest.raises(ValueError, match=why.replace("(", r"\(")):
        read_date_form(format)


def test_moments_keep_their_microseconds() -> None:
    """Of times that an export wrote, and of those in other forms."""
    reader = DateReader([])
    assert reader.exact_moment("2026-08-01T09:30:05.250001Z", BERLIN).isoformat() == "2026-08-01T09:30:05.250001+00:00"
    assert reader.exact_moment("8/1/2026 11:30:05,5", BERLIN).isoformat() == "2026-08-01T09:30:05.500000+00:00"
