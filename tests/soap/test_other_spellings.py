"""Keys and values as people copy and write them, from the bytes of a call: understood, or refused by name."""

import pytest

from support.envelopes import Call, lead_key, read_leads, wrap
from support.inside import TIMESTAMP, USER, Inside

SPELLINGS = ["ann@ex.org\u200b", "\ufeffann@ex.org", "\u00adann@ex.org\u202c", "mailto:ann@ex.org", "ann@ex.org."]


@pytest.mark.parametrize(
    ("name", "type", "text"),
    [("LeadScore", "score", "1.000"), ("LeadScore", "score", "-12.000"), ("AnnualRevenue", "currency", "1.000")],
)
def test_a_thousand_or_nothing_is_refused(name: str, type: str, text: str) -> None:
    """The fault names field and value, and nothing is stored."""
    at = Inside()
    answer = at.sync_lead(Call(email="ann@ex.org", attributes=((name, text),)))
    assert (answer.fault_code, answer.message) == (
        "20110",
        f"Bad value for {name}: {type} '{text}' has a point and three zeros, a thousand to some and nothing to others: "
        "write it without (20110)",
    )
    assert at.world.plans == []


@pytest.mark.parametrize("text", ["5.0", "5.00", "5"])
def test_zeros_that_are_no_thousand_stay_what_they_are(text: str) -> None:
    """As programs write whole numbers that they hold as others."""
    record = Inside().sync_lead(Call(email="ann@ex.org", attributes=(("LeadScore", text),))).record
    assert record is not None
    assert record.attributes == (("LeadScore", "score", "5"),)


@pytest.mark.parametrize("sent", SPELLINGS)
def test_one_person_is_one_lead_however_the_address_was_copied(sent: str) -> None:
    """syncLead finds the lead that it made, and getLead too."""
    at = Inside()
    made = at.sync_lead(Call(email="ann@ex.org"))
    again = at.sync_lead(Call(email=sent))

    assert (made.status, again.status, again.lead_id) == ("CREATED", "UPDATED", made.lead_id)
    (shown,) = read_leads(at.post(wrap(lead_key("EMAIL", sent), USER, timestamp=TIMESTAMP)).body)
    assert shown.email == "ann@ex.org"


@pytest.mark.parametrize(("char", "named"), [("\u200b", "U+200B"), ("\u200d", "U+200D"), ("\U000e0041", "U+E0041")])
def test_what_is_not_seen_within_a_key_is_named(char: str, named: str) -> None:
    """A fault, never a second lead."""
    at = Inside()
    for call in (Call(email=f"an{char}n@ex.org"), Call(foreign_id=f"crm{char}18")):
        answer = at.sync_lead(call)
        assert answer.fault_code == "20110"
        assert f"has {named} in it, which is not seen (20110)" in (answer.message or "")
    assert at.world.plans == []
