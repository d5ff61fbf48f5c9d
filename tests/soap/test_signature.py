"""The signature of a request and its timestamp."""

from datetime import UTC, datetime, timedelta

import pytest

from synclead.soap.signature import _parse_any, matches, parse_timestamp, sign

PUBLISHED = (
    b"899756834129871744AAEE88DDCC77CDEEDEC1AAAD66",
    "2010-04-09T14:04:54-07:00",
    "bigcorp1_461839624B16E06BA2D663",
    "ffbff4d4bef354807481e66dc7540f7890523a87",
)
OWN = (
    b"k3y-for-orchard-demo",
    "2024-05-01T09:30:00+02:00",
    "orchard_demo_42",
    "398403ad57248819a401f3775bfaa8336ef64ec3",
)


@pytest.mark.parametrize(("key", "timestamp", "user", "known"), [PUBLISHED, OWN])
def test_known_answers(key: bytes, timestamp: str, user: str, known: str) -> None:
    """The two vectors of the specification are signed and accepted."""
    assert sign(key, timestamp, user) == known
    assert matches([key], known, timestamp, user)


def test_upper_case_hex_matches() -> None:
    """Hex is accepted in either case."""
    key, timestamp, user, known = PUBLISHED
    assert matches([key], known.upper(), timestamp, user)


def test_trimmed_timestamp_matches() -> None:
    """A timestamp with line breaks around it matches a signature over the bare text."""
    key, timestamp, user, known = PUBLISHED
    assert matches([key], known, f"\n   {timestamp}\n", user)


def test_timestamp_as_sent_matches() -> None:
    """A signature over the blanks that were sent matches too."""
    key, timestamp, user, _ = PUBLISHED
    assert matches([key], sign(key, f" {timestamp}", user), f" {timestamp}", user)


def test_either_of_two_keys_matches() -> None:
    """While keys rotate, the new and the old one both sign."""
    _, timestamp, user, _ = PUBLISHED
    for key in (b"new", b"old"):
        assert matches([b"new", b"old"], sign(key, timestamp, user), timestamp, user)
    assert not matches([b"new", b"old"], sign(b"older", timestamp, user), timestamp, user)


@pytest.mark.parametrize("bad", ["", "zz", "ffbff4d4", "\u0663" * 40, PUBLISHED[3][:-1] + "8", PUBLISHED[3] + "00"])
def test_wrong_signatures_do_not_match(bad: str) -> None:
    """Nothing but the whole digest matches."""
    key, timestamp, user, _ = PUBLISHED
    assert not matches([key], bad, timestamp, user)


def test_no_key_matches_nothing() -> None:
    """Without a key no signature matches, not even one by the key that fills the time."""
    _, timestamp, user, _ = PUBLISHED
    assert not matches([], sign(b"no user bears this key", timestamp, user), timestamp, user)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2013-07-31T12:38:47-07:00", datetime(2013, 7, 31, 19, 38, 47, tzinfo=UTC)),
        ("2013-07-31T12:38:47Z", datetime(2013, 7, 31, 12, 38, 47, tzinfo=UTC)),
        ("2013-07-31T12:38:47+0900", datetime(2013, 7, 31, 3, 38, 47, tzinfo=UTC)),
        ("2013-07-31T12:38:47+09", datetime(2013, 7, 31, 3, 38, 47, tzinfo=UTC)),
        ("2013-07-31T12:38:47.123+00:00", datetime(2013, 7, 31, 12, 38, 47, 123000, tzinfo=UTC)),
        ("2013-07-31T12:38:47.123456789Z", datetime(2013, 7, 31, 12, 38, 47, 123456, tzinfo=UTC)),
        ("2015-07-14 09:00:09 +0900", datetime(2015, 7, 14, 0, 0, 9, tzinfo=UTC)),
        ("2015-07-14 00:00:09 UTC", datetime(2015, 7, 14, 0, 0, 9, tzinfo=UTC)),
        ("2015-07-14T09:00:09", datetime(2015, 7, 14, 9, 0, 9, tzinfo=UTC)),
        ("2015-07-14T09:00Z", datetime(2015, 7, 14, 9, 0, tzinfo=UTC)),
        ("20150714T090009Z", datetime(2015, 7, 14, 9, 0, 9, tzinfo=UTC)),
        ("\n 2015-07-14T09:00:09Z ", datetime(2015, 7, 14, 9, 0, 9, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_timestamps_are_read(text: str, moment: datetime) -> None:
    """Every form of the samples names its moment; without a zone it is UTC."""
    found = parse_timestamp(text)
    assert found is not None
    assert found - moment == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2015-07-14",
        "1436832009",
        "2015-13-14T09:00:09Z",
        "2015-02-30T09:00:09Z",
        "2015-07-14T09:00:61Z",
        "2015-07-14T24:00:00Z",
        "2015-07-14T24:00:01Z",
        "2015-07-14T09:00:09+24:00",
        "2015-07-14T09:00:09+09:60",
        "0000-07-14T09:00:09Z",
        "2015-07-14T09:00:09Z2015-07-14T09:00:09Z",
        "\u0662\u0660\u0661\u0665-07-14T09:00:09Z",
    ],
)
def test_other_texts_are_no_timestamps(text: str) -> None:
    """What names no moment is no timestamp."""
    assert parse_timestamp(text) is None


@pytest.mark.parametrize("day", ["2024-05-01", "2024-02-29", "2023-02-29", "0000-05-01", "0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("time", ["00:00:00", "23:59:59", "23:59:60", "24:00:00", "29:00:00", "9:00:00", "09:60:00"])
@pytest.mark.parametrize(
    "zone", ["Z", "z", "", "+00:00", "-00:00", "+14:00", "-07:30", "+19:59", "+23:59", "+24:00", "+09:60", "+01:00:00"]
)
def test_the_usual_form_is_read_like_any_other(day: str, time: str, zone: str) -> None:
    """What is read faster gives the same moment and zone, or none."""
    text = f"{day}T{time}{zone}"
    found, expected = parse_timestamp(text), _parse_any(text)
    assert found == expected
    assert found is None or expected is None or found.utcoffset() == expected.utcoffset()
