"""A call is refused for its first fault in the document's order, or read in canonical form."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synclead.leads.errors import (
    InputError,
    ParameterRequiredError,
    SyncleadError,
    UnknownLeadFieldError,
)
from synclead.leads.fields import STANDARD, Catalogue, Field
from synclead.leads.lead import Email, ForeignId
from synclead.leads.places import Places, Workspace
from synclead.leads.policy import Policy
from synclead.leads.read import read_record
from synclead.leads.record import RawAttribute, RawRecord, SyncRequest
from synclead.leads.subscription import Subscription

ACCOUNT = "561-HYG-937"
TOKEN = "_mch-example.com-1772443800000-48151"
COOKIE = f"id:{ACCOUNT}&token:{TOKEN}"
OTHERS_COOKIE = f"id:999-ZZZ-999&token:{TOKEN}"
BAD_SCORE = ("LeadScore", "many")

SUBSCRIPTION = Subscription(
    id=1,
    name="Example Corp",
    munchkin_account=ACCOUNT,
    munchkin_aliases=("100-aek-913",),
    time_zone=ZoneInfo("America/Chicago"),
    places=Places(("Default", "Europe"), (Workspace("Default", "Default"), Workspace("EMEA", "Europe")), enabled=True),
    catalogue=Catalogue([Field("Seen", "Seen", "seen", "Seen", "datetime", read_only=True)]),
    policy=Policy(),
    config_version=1,
)


def read(
    *attributes: tuple[str | None, str | None], policy: Mapping[str, object] | None = None, **raw: Any
) -> SyncRequest:
    record = RawRecord(attributes=tuple(RawAttribute(*pair) for pair in attributes), **raw)
    return read_record(record, replace(SUBSCRIPTION, policy=Policy.from_mapping(policy or {})))


def test_all_parts_of_a_call_are_read() -> None:
    """Keys in the form they are compared in, values in canonical form under their fields' names."""
    request = read(
        ("firstName", " George "),
        ("leadscore", "1,000"),
        ("Email", "New@e"),
        ("seen", "2012-10-15T14:01:26"),
        ("City", ""),
        id="7",
        email=" T@t ",
        foreign_id=" X ",
        foreign_type="netsuite",
        cookie=COOKIE,
        workspace="emea",
    )
    assert request == SyncRequest(
        id=7,
        foreign_id=ForeignId("NETSUITE", "X"),
        cookie=TOKEN,
        email_element=Email("T@t", "t@t"),
        email_attribute=Email("New@e", "new@e"),
        workspace="EMEA",
        values={"FirstName": "George", "LeadScore": "1000", "City": None},
        read_only={"Seen": "2012-10-15T19:01:26Z"},
    )
    assert list(request.values) == ["FirstName", "LeadScore", "City"]


def test_a_call_without_anything_is_read() -> None:
    """That it names nobody is found later: nothing in it is bad."""
    assert read() == SyncRequest()
    assert read(id=" ", email="", foreign_id="\t", cookie="\u3000", workspace="") == SyncRequest()


FAULTS: list[tuple[str, dict[str, Any], list[tuple[str | None, str | None]], str]] = [
    ("a missing value", {}, [("City", None)], "Required parameter missing: attrValue of City"),
    ("the workspace", {"workspace": "Mars"}, [], "Bad value for targetWorkspace: "),
    ("the Id", {"id": "x"}, [], "Bad value for Id: "),
    (
        "the foreign id's type",
        {"foreign_id": "X", "foreign_type": "SAP"},
        [],
        "Bad value for ForeignSysType: ",
    ),
    (
        "the foreign id",
        {"foreign_id": "x" * 256, "foreign_type": "SFDC"},
        [],
        "Bad value for ForeignSysPersonId: ",
    ),
    ("the Email element", {"email": "e"}, [], "Bad value for Email: 'e'"),
    ("a missing name", {}, [(" ", "v")], "Required parameter missing: attrName"),
    ("an unknown name", {}, [("pants", "v")], "syncLead operation failed: unknown fields for import: pants"),
    ("the first bad value", {}, [BAD_SCORE], "Bad value for LeadScore: "),
    ("the second bad value", {}, [("DoNotCall", "maybe")], "Bad value for DoNotCall: "),
    ("the Email attribute", {}, [("Email", "f")], "Bad value for Email: 'f'"),
    ("the cookie", {"cookie": "hello"}, [], "Bad value for marketoCookie: "),
]


@pytest.mark.parametrize("first", range(len(FAULTS)), ids=[fault[0] for fault in FAULTS])
def test_of_several_faults_the_first_in_the_order_is_answered(first: int) -> None:
    """Every fault is answered before all those that come after it in the document's order."""
    raw: dict[str, Any] = {}
    attributes: list[tuple[str | None, str | None]] = []
    for _, more_raw, more_attributes, _ in reversed(FAULTS[first:]):
        raw.update(more_raw)
        # Email comes after other values and a nameless one before them, wherever they stand.
        attributes = more_attributes + attributes
    with pytest.raises(SyncleadError) as fault:
        read(*attributes, **raw)
    assert fault.value.message.startswith(FAULTS[first][3])
    with pytest.raises(SyncleadError) as alone:
        read(*FAULTS[first][2], **FAULTS[first][1])
    assert alone.value.message.startswith(FAULTS[first][3])


def test_the_email_attribute_is_checked_after_the_values_that_follow_it() -> None:
    """The order of faults goes before the order of attributes there."""
    with pytest.raises(InputError, match="LeadScore"):
        read(("Email", "f"), BAD_SCORE)


@pytest.mark.parametrize("pair", [(None, None), (None, ""), ("", None), (" ", "\n")])
def test_an_attribute_with_neither_name_nor_value_is_ignored(pair: tuple[str | None, str | None]) -> None:
    """Blank attributes mean nothing."""
    assert read(pair, ("City", "x"), email="a@b") == read(("City", "x"), email="a@b")


def test_a_value_without_a_name_is_a_missing_name() -> None:
    """Whether the name's element is missing or blank."""
    for name in (None, "", " "):
        with pytest.raises(ParameterRequiredError, match="Required parameter missing: attrName"):
            read((name, "v"))


def test_a_missing_foreign_type_is_custom_unless_required() -> None:
    """`require_foreign_sys_type` makes it a fault, as the document has it."""
    assert read(foreign_id="X").foreign_id == ForeignId("CUSTOM", "X")
    required = {"require_foreign_sys_type": True}
    with pytest.raises(ParameterRequiredError, match="Required parameter missing: ForeignSysType"):
        read(foreign_id="X", foreign_type=" ", policy=required)
    assert read(foreign_id="X", foreign_type="sfdc", policy=required).foreign_id == ForeignId("SFDC", "X")


def test_a_foreign_type_without_an_id_is_ignored() -> None:
    """Even a bad one."""
    assert read(foreign_type="SAP", policy={"require_foreign_sys_type": True}) == SyncRequest()


def test_all_unknown_names_are_in_the_fault() -> None:
    """In the order sent, each once."""
    with pytest.raises(UnknownLeadFieldError) as fault:
        read((" pants", "1"), ("City", "x"), ("hat", ""), ("PANTS", "2"), ("createdAt", "x"))
    assert fault.value.message == "syncLead operation failed: unknown fields for import: pants, hat, createdAt"


def test_of_one_field_named_twice_the_last_counts() -> None:
    """In either spelling; what was sent before is not even checked."""
    request = read(
        ("LeadScore", "many"),
        ("City", "x"),
        ("leadScore", "5"),
        ("CITY", "y"),
        ("Email", "f"),
        ("email", "a@b"),
    )
    assert dict(request.values) == {"LeadScore": "5", "City": "y"}
    assert request.email_attribute == Email("a@b", "a@b")
    with pytest.raises(InputError, match="LeadScore"):
        read(("leadScore", "5"), BAD_SCORE)


def test_values_are_in_the_order_of_the_attribute_that_counts() -> None:
    """A field named again moves to where it was named last."""
    assert list(read(("City", "a"), ("State", "b"), ("city", "c")).values) == ["State", "City"]


CREATE: dict[str, object] = {"unknown_fields": "create"}


def test_unknown_fields_are_made_where_the_policy_says_so() -> None:
    """Under the trimmed name as sent, once for all spellings; a blank value clears what an earlier call made."""
    request = read(
        (" Pants ", " blue "),
        ("hat", " "),
        ("SHOE", "1"),
        ("Shoe", "2"),
        ("City", "x"),
        ("sock", "1"),
        ("Sock", ""),
        policy=CREATE,
    )
    assert request.unknown == {"Pants": "blue", "hat": None, "Shoe": "2", "Sock": None}
    assert request.values == {"City": "x"}


@pytest.mark.parametrize("name", ["createdAt", "CREATEDAT", "isAnonymous"])
def test_no_second_field_is_made_of_a_name_that_is_taken(name: str) -> None:
    """Read-only fields without a SOAP name stay unknown here."""
    with pytest.raises(UnknownLeadFieldError, match=f"import: {name}$"):
        read((name, "x"), ("pants", "blue"), policy=CREATE)


@pytest.mark.parametrize("name", ["a\tb", "x" * 256])
def test_a_field_is_not_made_under_a_bad_name(name: str) -> None:
    """Names have 1 to 255 characters and no controls."""
    with pytest.raises(InputError, match="Bad value for attrName: field name '"):
        read((name, "v"), policy=CREATE)


def test_the_value_of_an_unknown_field_is_a_string() -> None:
    """At most 255 characters; skipped or refused as others are."""
    with pytest.raises(InputError, match="Bad value for pants: string "):
        read(("pants", "x" * 256), policy=CREATE)
    request = read(("pants", "x" * 256), policy={**CREATE, "bad_value": "skip"})
    assert request.unknown == {}
    assert request.skipped == ("pants: has 256 characters, at most 255 are allowed",)


SKIP: dict[str, object] = {"bad_value": "skip"}


def test_bad_values_are_skipped_where_the_policy_says_so() -> None:
    """The field stays as it is; what is logged has no value in it."""
    request = read(BAD_SCORE, ("City", "x"), ("Seen", "never"), email="a@b", policy=SKIP)
    assert request.values == {"City": "x"}
    assert request.read_only == {}
    assert [line.split(":")[0] for line in request.skipped] == ["LeadScore", "Seen"]
    assert not any("many" in line or "never" in line for line in request.skipped)


def test_a_bad_value_of_a_read_only_field_is_bad() -> None:
    """It cannot be the value that the lead has."""
    with pytest.raises(InputError, match="Bad value for Seen: datetime 'never'"):
        read(("Seen", "never"))
    assert read(("Seen", " ")).read_only == {"Seen": None}


@pytest.mark.parametrize(
    "key",
    [{"id": "7"}, {"foreign_id": "X"}, {"email": "a@b"}, {"cookie": COOKIE}],
    ids=lambda key: next(iter(key)),
)
def test_a_bad_email_attribute_is_skipped_beside_another_key(key: dict[str, Any]) -> None:
    """The call goes on by its other keys."""
    request = read(("Email", "secret"), policy=SKIP, **key)
    assert request.email_attribute is None
    assert not request.clears_email
    assert request.skipped == ("Email: is not one @ with text on both sides",)


@pytest.mark.parametrize("raw", [{}, {"cookie": "hello"}, {"foreign_type": "SFDC"}])
def test_a_bad_email_attribute_is_refused_as_the_only_key(raw: dict[str, Any]) -> None:
    """A bad cookie beside it is no key either."""
    with pytest.raises(InputError, match="Bad value for Email: 'f'"):
        read(("Email", "f"), policy={**SKIP, "bad_cookie": "ignore"}, **raw)


def test_an_empty_email_attribute_clears() -> None:
    """It is no key, and no value of `values`."""
    assert read(("Email", " "), id="7") == SyncRequest(id=7, clears_email=True)
    assert read(("email", "")) == SyncRequest(clears_email=True)


@pytest.mark.parametrize("policy", [{}, SKIP], ids=["fault", "skip"])
def test_an_empty_email_attribute_beside_an_email_element_is_refused(policy: dict[str, object]) -> None:
    """One says what the other denies."""
    with pytest.raises(InputError, match="Bad value for Email: an empty Email attribute"):
        read(("Email", ""), email="a@b", policy=policy)


IGNORE: dict[str, object] = {"bad_cookie": "ignore"}


@pytest.mark.parametrize("cookie", ["hello", OTHERS_COOKIE])
@pytest.mark.parametrize("key", [{"id": "7"}, {"foreign_id": "X"}, {"email": "a@b"}], ids=lambda key: next(iter(key)))
def test_a_bad_cookie_is_ignored_beside_another_key(key: dict[str, Any], cookie: str) -> None:
    """Where the policy says so, with the reason; otherwise it is refused."""
    request = read(cookie=cookie, policy=IGNORE, **key)
    assert request.cookie is None
    assert request.cookie_ignored
    assert TOKEN not in request.cookie_ignored
    with pytest.raises(InputError, match="marketoCookie"):
        read(cookie=cookie, **key)


def test_a_bad_cookie_is_ignored_beside_an_email_attribute() -> None:
    """The attribute alone is a key, unless it is empty."""
    assert read(("Email", "a@b"), cookie="hello", policy=IGNORE).cookie_ignored
    with pytest.raises(InputError, match="marketoCookie"):
        read(("Email", ""), cookie="hello", policy=IGNORE)


def test_a_bad_cookie_is_never_ignored_as_the_only_key() -> None:
    """Otherwise the call would name nobody."""
    with pytest.raises(InputError, match="marketoCookie"):
        read(cookie="hello", policy=IGNORE)


def test_cookies_of_the_account_and_its_aliases_count() -> None:
    """Accounts are compared in capitals."""
    for account in (ACCOUNT, ACCOUNT.lower(), "100-AEK-913"):
        assert read(cookie=f"id:{account}&token:{TOKEN}").cookie == TOKEN


TEXT = st.text(max_size=12)
NAMES = st.one_of(st.none(), TEXT, st.sampled_from([n for f in STANDARD for n in (f.soap_name, f.rest_name) if n]))


@given(
    st.builds(
        RawRecord,
        id=st.none() | TEXT | st.just("7"),
        email=st.none() | TEXT | st.just("a@b"),
        foreign_id=st.none() | TEXT,
        foreign_type=st.none() | TEXT,
        attributes=st.lists(st.builds(RawAttribute, NAMES, st.none() | TEXT), max_size=4).map(tuple),
        cookie=st.none() | TEXT | st.just(COOKIE),
        workspace=st.none() | TEXT | st.just("emea"),
    ),
    st.sampled_from(["document", "forgiving"]),
)
def test_any_call_is_read_or_refused(raw: RawRecord, preset: str) -> None:
    """No text ends in anything but a request without Email among its values, or one of three faults."""
    subscription = replace(SUBSCRIPTION, policy=Policy.from_mapping({"preset": preset}))
    with suppress(InputError, ParameterRequiredError, UnknownLeadFieldError):
        request = read_record(raw, subscription)
        assert "Email" not in {*request.values, *request.read_only, *request.unknown}
