"""What every stack does: the steps, what it is given, and the typed values that it must get back.

A program reads all of it from its environment, does the steps in order, and prints a line a step:
`ok STEP`, or `cannot STEP: WHY` in the stack's own words. A value that differs ends it: `failed STEP: …`, exit code 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STEPS: Mapping[str, str] = {
    "wsdl": "load the WSDL from `?WSDL`, and from `?wsdl`",
    "create": "create by Email",
    "update": "update, the same Id",
    "read": "`returnLead` true: Id, Email and attributes with their types",
    "foreign": "create by foreign id, then give it a new Email",
    "id": "update by Id",
    "context": "context header, workspace `default`",
    "field": "an unknown field: fault 20105 with its detail",
    "signature": "a wrong signature: fault 20014",
    "letters": "umlauts and an emoji, there and back",
    "keepalive": "two calls on one connection",
    "close": "a call with `Connection: close`, or HTTP/1.0",
    "tls": "WSDL and call through a TLS proxy, at the address that the WSDL names",
}
"""Every step and what it shows, in order."""

MORE: Mapping[str, str] = {
    "find": "`getLead` by Email: the lead as it stands; by an Email that nobody has: fault 20103",
    "describe": "`listMObjects`, and `describeMObject` of a lead",
}
"""Steps of the stacks that say `more` of themselves, after the others."""

USER, KEY = "conformance1_461839624B16E06BA2D663", "conformancekey27"
LETTERS = "J\u00fcrgen \u00c4\u00f6\u00df \U0001f99c"
UNKNOWN_FIELD = "FavouriteHat"

DECLARATION = f"""
[[subscription]]
name = "Conformance"
munchkin_account = "100-AEK-915"
api_users = [ {{ id = "{USER}", encryption_key = "{KEY}" }} ]
"""


@dataclass(frozen=True)
class Place:
    """Where a program finds the server."""

    url: str
    """The SOAP address in plain HTTP, without a query."""
    tls_url: str
    """The same server behind the TLS proxy."""
    ca_file: str
    """PEM of the authority that signed the proxy's certificate."""


def given(place: Place, person: str) -> dict[str, str]:
    """What a program sends; `person` keeps the leads of one run apart from those of others."""
    return {
        "URL": place.url,
        "TLS_URL": place.tls_url,
        "CA_FILE": place.ca_file,
        "API_USER": USER,
        "API_KEY": KEY,
        "EMAIL": f"george-{person}@jungle.example",
        "FIRST_NAME": "George",
        "LAST_NAME": "of the Jungle",
        "OTHER_LAST_NAME": "of the Woods",
        "FOREIGN_EMAIL": f"old-{person}@jungle.example",
        "NEW_EMAIL": f"new-{person}@jungle.example",
        "FOREIGN_ID": f"crm-{person}",
        "FOREIGN_TYPE": "CUSTOM",
        "LETTERS_EMAIL": f"letters-{person}@jungle.example",
        "LETTERS": LETTERS,
        "UNKNOWN_FIELD": UNKNOWN_FIELD,
    }


def expected(given: Mapping[str, str]) -> dict[str, str]:
    """What the stack's typed values must be. Not what was sent by the same name: a slip in one must show."""
    return {
        "EXPECT_CREATED": "CREATED",
        "EXPECT_UPDATED": "UPDATED",
        "EXPECT_EMAIL": given["EMAIL"],
        "EXPECT_FIRST_NAME": "George",
        "EXPECT_LAST_NAME": "of the Jungle",
        "EXPECT_OTHER_LAST_NAME": "of the Woods",
        "EXPECT_TYPE": "string",
        "EXPECT_NEW_EMAIL": given["NEW_EMAIL"],
        "EXPECT_FOREIGN_ID": given["FOREIGN_ID"],
        "EXPECT_FOREIGN_TYPE": "CUSTOM",
        "EXPECT_LETTERS": LETTERS,
        "EXPECT_FIELD_STRING": "20105 - Unknown lead field",
        "EXPECT_FIELD_NAME": "mktServiceException",
        "EXPECT_FIELD_MESSAGE": f"syncLead operation failed: unknown fields for import: {UNKNOWN_FIELD} (20105)",
        "EXPECT_FIELD_CODE": "20105",
        "EXPECT_SIGNATURE_STRING": "20014 - Authentication failed",
        "EXPECT_SIGNATURE_CODE": "20014",
    }


def expected_more() -> dict[str, str]:
    """The same of the steps in MORE."""
    return {
        "EXPECT_MISSING_STRING": "20103 - Lead not found",
        "EXPECT_MISSING_CODE": "20103",
        "EXPECT_OBJECT": "LeadRecord",
        "EXPECT_LABEL": "Last Name",
    }


def with_one_letter_changed(text: str) -> str:
    """The same text but for its last letter or digit."""
    last = max(place for place, letter in enumerate(text) if letter.isalnum())
    return text[:last] + ("a" if text[last] != "a" else "b") + text[last + 1 :]
