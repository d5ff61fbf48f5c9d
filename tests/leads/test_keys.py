"""Keys are read from every spelling that clients send, and compared in one form."""

import sys
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synclead.leads.errors import InputError
from synclead.leads.keys import (
    email_fault,
    email_key,
    masked,
    parse_cookie,
    parse_email,
    parse_foreign_id,
    parse_foreign_type,
    parse_lead_id,
)
from synclead.leads.lead import Email, ForeignId
from synclead.leads.text import WHITE_SPACE

ACCOUNT = "561-HYG-937"
ACCOUNTS = frozenset({ACCOUNT, "100-AEK-913"})
TOKEN = "_mch-example.com-1772443800000-48151"
PLAIN = f"id:{ACCOUNT}&token:{TOKEN}"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("2147483647", 2147483647),
        (" \u30007\n", 7),
        pytest.param("0" * 70_000 + "7", 7, id="leading zeros, however many"),
    ],
)
def test_an_id_is_a_whole_number(text: str, number: int) -> None:
    """ASCII digits from 1 to 2147483647, white space at the ends ignored."""
    assert parse_lead_id(text) == number


@pytest.mark.parametrize(
    "text", ["0", "2147483648", "-1", "+1", "1.0", "1 0", "1_0", "٣", "１", "x", "1,000", "9" * 70_000]
)
def test_another_id_is_refused(text: str) -> None:
    """Signs, points, groups and digits of other scripts are no Id; the message has the value."""
    with pytest.raises(InputError, match=r"Bad value for Id: .* is not a whole number of ASCII digits") as fault:
        parse_lead_id(text)
    assert len(fault.value.message) < 200
    assert text[:10] in fault.value.message


def test_the_fault_of_an_id_reads_as_a_sentence() -> None:
    """The message names field, value and reason."""
    with pytest.raises(InputError) as fault:
        parse_lead_id("1.0")
    assert fault.value.message == ("Bad value for Id: '1.0' is not a whole number of ASCII digits from 1 to 2147483647")


@pytest.mark.parametrize(
    ("text", "email"),
    [
        pytest.param(" T@T.com\u00a0", Email("T@T.com", "t@t.com"), id="trimmed, key in lower case"),
        pytest.param("e\u0301@x", Email("e\u0301@x", "é@x"), id="kept as sent, key composed"),
        pytest.param("İ@x", Email("İ@x", "i̇@x"), id="a letter whose lower case is two"),
        pytest.param("a" * 253 + "@b", Email("a" * 253 + "@b", "a" * 253 + "@b"), id="255 characters"),
        pytest.param("😀" * 253 + "@b", Email("😀" * 253 + "@b", "😀" * 253 + "@b"), id="255 code points"),
        pytest.param("a'b+c@localhost", Email("a'b+c@localhost", "a'b+c@localhost"), id="no dot needed"),
    ],
)
def test_an_email_is_kept_as_sent_and_matched_by_its_key(text: str, email: Email) -> None:
    """The text is trimmed; the key is NFC and lower case."""
    assert parse_email(text) == email


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("t", "is not one @"),
        ("@x", "is not one @"),
        ("x@", "is not one @"),
        ("a@b@c", "is not one @"),
        ("@", "is not one @"),
        ("a b@c", "has a blank in it"),
        ("a\u00a0b@c", "has a blank in it"),
        ("a\nb@c", "has a blank in it"),
        ("a\x7fb@c", "has a control character"),
        ("a\x9fb@c", "has a control character"),
        ("a" * 254 + "@b", "has 256 characters, at most 255 are allowed"),
    ],
)
def test_another_email_is_refused(text: str, reason: str) -> None:
    """One @, something on both sides, no blanks or controls, at most 255 characters."""
    with pytest.raises(InputError, match=f"Bad value for Email: .*{reason}"):
        parse_email(text)


def test_no_address_has_white_space_or_controls() -> None:
    """Whatever else stands beside it, and whichever character it is."""
    controls = {chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cc"}
    for character in {*WHITE_SPACE, *controls}:
        reason = "blank" if character in WHITE_SPACE else "control character"
        for address in (f"a{character}b@c", f"\u00e4{character}\u00e4@c"):
            assert email_fault(address) == f"has a {reason} in it"


@given(st.text())
def test_the_key_of_a_key_is_itself(text: str) -> None:
    """Matching is stable: a stored key, read again as an address, is the same key."""
    key = email_key(text)
    assert email_key(key) == key
    assert unicodedata.is_normalized("NFC", key)


def test_the_key_of_every_single_character_is_stable() -> None:
    """The same for all that lower case or composition changes, alone and before a combining mark."""
    for character in map(chr, range(sys.maxunicode + 1)):
        if character.lower() == character and unicodedata.decomposition(character) == "":
            continue
        for text in (character, f"a{character}\u0301b"):
            key = email_key(text)
            assert email_key(key) == key, hex(ord(character))


@given(st.text())
def test_composition_and_ends_do_not_tell_addresses_apart(text: str) -> None:
    """Canonically equal addresses have one key, with or without blanks around."""
    assert email_key(unicodedata.normalize("NFD", text)) == email_key(text)
    assert email_key(f"\u3000{text} ") == email_key(text)


@pytest.mark.parametrize(
    ("text", "type"),
    [(None, "CUSTOM"), (" ", "CUSTOM"), ("custom", "CUSTOM"), ("Sfdc ", "SFDC"), ("NETSUITE", "NETSUITE")],
)
def test_a_foreign_type_is_read_from_any_case(text: str | None, type: str) -> None:
    """Absent means CUSTOM."""
    assert parse_foreign_type(text) == type


@pytest.mark.parametrize("text", ["SAP", "ſfdc", "SF DC", "CUSTOM1"])
def test_another_foreign_type_is_refused(text: str) -> None:
    """Also one whose upper case would be a known one."""
    with pytest.raises(InputError, match=r"Bad value for ForeignSysType: .* is none of CUSTOM, SFDC, NETSUITE"):
        parse_foreign_type(text)


@pytest.mark.parametrize(
    ("type", "text", "id"),
    [
        pytest.param("CUSTOM", " aB 1\u3000", "aB 1", id="trimmed, case kept, blanks inside kept"),
        pytest.param("CUSTOM", "x" * 255, "x" * 255, id="255 characters"),
        pytest.param("SFDC", "001A0000006Vm9r", "001A0000006Vm9rIAC", id="15 characters get their suffix"),
        pytest.param("SFDC", "001A0000006Vm9rIAC", "001A0000006Vm9rIAC", id="18 characters stay"),
        pytest.param("SFDC", "001A0000006Vm9riac", "001A0000006Vm9rIAC", id="a suffix in lower case"),
        pytest.param("SFDC", "001a0000006vm9rIAC", "001a0000006vm9rIAC", id="the suffix of another id stays"),
        pytest.param("SFDC", "00QAAAAAAAAAAAA", "00QAAAAAAAAAAAA255", id="suffix with digits"),
        pytest.param("SFDC", "001A0000006Vm9é", "001A0000006Vm9é", id="15 characters that are no such id"),
        pytest.param("SFDC", "x1", "x1", id="a short id"),
        pytest.param("CUSTOM", "001A0000006Vm9r", "001A0000006Vm9r", id="another system's 15 characters"),
        pytest.param("NETSUITE", "001A0000006Vm9r", "001A0000006Vm9r", id="and another's"),
    ],
)
def test_a_foreign_id_is_read(type: str, text: str, id: str) -> None:
    """Trimmed, case-sensitive; SFDC ids of 15 characters in their 18-character form."""
    assert parse_foreign_id(type, text) == ForeignId(type, id)


@pytest.mark.parametrize("text", ["", " ", "x" * 256, "a\tb", "a\x80b"])
def test_another_foreign_id_is_refused(text: str) -> None:
    """1 to 255 characters without controls."""
    with pytest.raises(InputError, match="Bad value for ForeignSysPersonId"):
        parse_foreign_id("CUSTOM", text)


@given(st.text(alphabet="abcXYZ019", min_size=15, max_size=15))
def test_the_long_form_of_an_sfdc_id_is_its_own_long_form(id: str) -> None:
    """The short and the long form of an id are equal, and ids unlike in case are unlike."""
    long = parse_foreign_id("SFDC", id)
    assert len(long.id) == 18
    assert parse_foreign_id("SFDC", long.id) == long
    if id.swapcase() != id:
        assert parse_foreign_id("SFDC", id.swapcase()).id.lower() != long.id.lower()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PLAIN, id="the cookie as stored"),
        pytest.param(f"id:{ACCOUNT}%26token:{TOKEN}", id="only the ampersand encoded"),
        pytest.param(quote(PLAIN, safe=""), id="all encoded"),
        pytest.param(quote(PLAIN, safe="").lower().replace(ACCOUNT.lower(), ACCOUNT), id="lower-case hex"),
        pytest.param(quote(quote(PLAIN, safe=""), safe=""), id="encoded twice"),
        pytest.param(TOKEN, id="the token alone"),
        pytest.param(f"id={ACCOUNT}&token={TOKEN}", id="joined by equals signs"),
        pytest.param(quote(f"id={ACCOUNT}&token={TOKEN}", safe=""), id="joined by equals signs, encoded"),
        pytest.param(f"_mkto_trk={PLAIN}", id="with its name"),
        pytest.param(quote(f"_mkto_trk={PLAIN}", safe=""), id="with its name, encoded"),
        pytest.param(f"_mkto_trk={TOKEN}", id="its name and the token alone"),
        pytest.param(f' "{PLAIN}" ', id="quotes and blanks around"),
        pytest.param(f"'{TOKEN}'", id="quotes around the token"),
        pytest.param(f'_mkto_trk="{PLAIN}"', id="quotes after the name"),
        pytest.param(PLAIN.replace("&", "&amp;"), id="a literal &amp;"),
        pytest.param(f"token:{TOKEN}&id:{ACCOUNT}", id="pairs in the other order"),
        pytest.param(f"id:{ACCOUNT}&x:1&token:{TOKEN}&y", id="other pairs"),
        pytest.param(f"token:{TOKEN}", id="no account"),
        pytest.param(f"id:&token:{TOKEN}", id="a blank account"),
        pytest.param(f"id:{ACCOUNT.lower()}&token:{TOKEN}", id="the account in lower case"),
        pytest.param(f"id:100-AEK-913&token:{TOKEN}", id="an alias"),
    ],
)
def test_every_spelling_of_a_cookie_gives_its_token(text: str) -> None:
    """The spellings of the browser, the REST samples and common slips."""
    assert parse_cookie(text, ACCOUNTS) == TOKEN


@pytest.mark.parametrize(
    "token",
    ["_mch-example.com-" + "0f" * 15 + "0", "_mch-localhost-" + "0f" * 16, "_mch-AbC", "_mch-" + "x" * 240],
)
def test_a_token_is_kept_exactly_as_sent(token: str) -> None:
    """Any length of hex, any letter case."""
    assert parse_cookie(token, ACCOUNTS) == token
    assert parse_cookie(f"id:{ACCOUNT}&token:{token}", ACCOUNTS) == token


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(f"id:999-ZZZ-999&token:{TOKEN}", "'999-ZZZ-999' is not an account", id="another account"),
        pytest.param(f"id:{ACCOUNT}", "is not id:ACCOUNT&token:TOKEN", id="no token"),
        pytest.param(f"id:{ACCOUNT}&token:", "is not a token", id="a blank token"),
        pytest.param("_mch-ab", "is not id:ACCOUNT", id="a token too short"),
        pytest.param("_mch-" + "x" * 241, "is not id:ACCOUNT", id="a token too long"),
        pytest.param(f"token:{TOKEN}!", "is not a token", id="a character no token has"),
        pytest.param("token:example.com-1772443800000-48151", "is not a token", id="without _mch-"),
        pytest.param("token:_MCH-example.com-1", "is not a token", id="_mch- in capitals"),
        pytest.param(quote(quote(quote(PLAIN, safe=""), safe=""), safe=""), "is not id:", id="encoded thrice"),
        pytest.param("hello", "is not id:ACCOUNT", id="something else"),
    ],
)
def test_another_cookie_is_refused(text: str, reason: str) -> None:
    """One that cannot be read, or is of another account."""
    with pytest.raises(InputError, match=f"Bad value for marketoCookie: .*{reason}") as fault:
        parse_cookie(text, ACCOUNTS)
    assert "48151" not in fault.value.message


def test_a_masked_token_is_never_whole() -> None:
    """Twelve characters at most, half of a short one."""
    assert masked(TOKEN) == "'_mch-example…'"
    assert masked("_mch-abc") == "'_mch…'"
    assert masked("") == "'…'"


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("_mch-example.com-1!2", "character 19 is U+0021; behind _mch- stand A-Z a-z 0-9 . _ - alone"),
        ("_mch-example com-1", "character 13 is U+0020"),
        ("_mch-ex\u00e4mple-1", "character 8 is U+00E4"),
        ("_mch-a", "behind _mch- stand 1 characters, and there are 3 to 240"),
        ("_mch-" + "x" * 241, "behind _mch- stand 241 characters"),
        ("example.com-1772443800000-48151", "it does not begin with _mch-"),
    ],
)
def test_a_bad_cookie_is_named_by_what_is_wrong(token: str, why: str) -> None:
    """The character and its place, the length, or the beginning; what may be kept has no part of the token."""
    with pytest.raises(InputError) as caught:
        parse_cookie(f"id:{ACCOUNT}&token:{token}", frozenset({ACCOUNT}))
    assert why in caught.value.message
    assert why in caught.value.public
    assert token not in caught.value.message
    assert "xample" not in caught.value.public
