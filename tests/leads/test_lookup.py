"""Keys of calls that read: what each stands for."""

import pytest

from support.world import subscription
from synclead.leads.errors import LeadNotFoundError, LeadOwnerNotFoundError
from synclead.leads.lead import Email, ForeignId
from synclead.leads.lookup import LeadKey, read_lead_key

LONG = "003A000000abcdeIAA"


def read(kind: str, value: str) -> LeadKey:
    return read_lead_key(kind, value, subscription())


# fmt: off
READ = [
    ("IDNUM", " 007 ", LeadKey("IDNUM", "007", id=7)),
    ("EMAIL", "\tCox@E.com ", LeadKey("EMAIL", "Cox@E.com", email=Email("Cox@E.com", "cox@e.com"))),
    ("COOKIE", "_mch-e.com-1", LeadKey("COOKIE", "_mch-e.com-1", cookie="_mch-e.com-1")),
    ("COOKIE", "id:100-aek-913&token:_mch-abc", LeadKey("COOKIE", "id:100-aek-913&token:_mch-abc", cookie="_mch-abc")),
    ("COOKIE", "id%3A100-AEK-913%26token%3A_mch-abc", LeadKey("COOKIE", "id%3A100-AEK-913%26token%3A_mch-abc", cookie="_mch-abc")),
    ("SFDCLEADID", "003A000000abcde", LeadKey("SFDCLEADID", "003A000000abcde", foreign_id=ForeignId("SFDC", LONG))),
    ("SFDCCONTACTID", LONG, LeadKey("SFDCCONTACTID", LONG, foreign_id=ForeignId("SFDC", LONG))),
]
# fmt: on


@pytest.mark.parametrize(("kind", "value", "key"), READ)
def test_a_key_is_read_in_the_form_it_is_compared_in(kind: str, value: str, key: LeadKey) -> None:
    """As syncLead reads the same key; the value is kept as it was sent, for the fault."""
    assert read(kind, value) == key


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("IDNUM", "seven"),
        ("IDNUM", "0"),
        ("IDNUM", "2147483648"),
        ("EMAIL", "no address"),
        ("EMAIL", "a" * 250 + "@e.com"),
        ("COOKIE", "token"),
        ("COOKIE", "id:999-ZZZ-999&token:_mch-abc"),
        ("SFDCLEADID", "x" * 256),
        ("SFDCACCOUNTID", LONG),
        ("SFDCOPPTYID", LONG),
    ],
)
def test_what_no_lead_can_have_finds_nobody(kind: str, value: str) -> None:
    """It is no other fault than that of a key that nobody has, and the fault repeats it."""
    key = read(kind, value)
    assert key == LeadKey(kind, value)
    fault = key.not_found()
    assert isinstance(fault, LeadNotFoundError)
    assert fault.message == f"No lead found with {kind} = {value}"


@pytest.mark.parametrize("kind", ["LEADOWNEREMAIL", "SFDCLEADOWNERID"])
def test_an_owner_is_not_found_as_an_owner(kind: str) -> None:
    """Owners are not stored here, so each is unknown: 20108."""
    fault = read(kind, " owner@e.com").not_found()
    assert isinstance(fault, LeadOwnerNotFoundError)
    assert (fault.code, fault.message) == (20108, f"No lead owner found with {kind} = owner@e.com")
