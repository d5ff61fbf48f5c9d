"""Calls of every kind on few keys, so that clients who know nothing of each other mean the same people."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from support.envelopes import Call, Credentials

DOCUMENT = Credentials("document_1", "k3y-of-the-document")
PLACES = Credentials("places_1", "k3y-of-places")

DECLARATION = f"""
[[subscription]]
name = "Document"
munchkin_account = "100-DOC-001"
api_users = [ {{ id = "{DOCUMENT.user}", encryption_key = "{DOCUMENT.key}" }} ]

[[subscription]]
name = "Places"
munchkin_account = "100-PLA-002"
workspaces_enabled = true
policy = {{ unknown_fields = "create" }}
api_users = [ {{ id = "{PLACES.user}", encryption_key = "{PLACES.key}" }} ]
partitions = [ "Default", "Europe" ]
workspaces = [ {{ name = "Default", primary_partition = "Default" }}, {{ name = "EMEA", primary_partition = "Europe" }} ]
[[subscription.assignment_rules]]
partition = "Europe"
when = [ {{ field = "Country", is = ["Germany", "France"] }} ]
"""
"""One as the document says, and one with workspaces, rules, and fields that calls make."""

SUBSCRIPTIONS = {"Document": DOCUMENT, "Places": PLACES}
VISITORS = tuple(f"_mch-example.com-visitor-{number}" for number in range(8))
"""Tokens that anonymous visitors have before the first call."""

_EMAILS = tuple(f"{name}@orchard.example" for name in ("ada", "ben", "cleo", "dan", "eve", "fay"))
_FOREIGN_IDS = tuple((f"tree-{number}", kind) for number in range(6) for kind in ("CUSTOM", "NETSUITE"))
_COOKIES = tuple(f"_mch-example.com-browser-{number}" for number in range(6)) + VISITORS
_HIGHEST_ID = 80
"""The Ids that calls give; the last ones nobody has yet."""

_ODD: tuple[dict[str, Any], ...] = (
    {"id": str(2**31 - 1)},
    {"id": "first"},
    {"email": "no address"},
    {"cookie": "id:999-ZZZ-999&token:_mch-example.com-1"},
    {"workspace": "Nowhere"},
    {"attributes": (("AnnualRevenue", "much"),)},
    {"attributes": (("AnonymousIP", "192.0.2.1"),)},
    {"attributes": (("Doubt" * 80, "1"),)},
    {"email": None, "foreign_id": None, "cookie": None, "id": None},
)
"""What most often is refused, each for another reason."""


Script = Callable[[Random, str, str], Call]
"""The call of a name for a subscription."""


def mixed_call(random: Random, name: str, subscription: str) -> Call:
    """A call that means, most often, somebody whom others mean too. Its own `name` is in some of its values."""

    def sometimes(share: float, *values: Any) -> Any:
        return random.choice(values) if random.random() < share else None

    foreign_id, foreign_type = sometimes(0.35, *_FOREIGN_IDS) or (None, None)
    parts: dict[str, Any] = {
        "id": sometimes(0.15, *map(str, range(1, _HIGHEST_ID))),
        "email": sometimes(0.6, *_EMAILS, *(one.upper() for one in _EMAILS)),
        "foreign_id": foreign_id,
        "foreign_type": foreign_type,
        "cookie": sometimes(0.3, *_COOKIES),
        "workspace": sometimes(0.5, "EMEA", "default") if subscription == "Places" else None,
        "return_lead": random.random() < 0.5,
    }
    if random.random() < 0.1:
        parts |= {"email": f"{name}@new.example", "foreign_id": sometimes(0.5, f"new-{name}"), "foreign_type": None}
    written = [
        ("FirstName", sometimes(0.5, name)),
        ("City", sometimes(0.4, "Berlin", "Paris", "")),
        ("Country", sometimes(0.2, "Germany", "Spain")),
        ("Email", sometimes(0.08, *_EMAILS, "")),
        # In `Places` such a call makes the field, in `Document` it is refused.
        (sometimes(1, "Flavour", "flavour", f"Flavour{random.randrange(50)}"), sometimes(0.06, name, "sour", "")),
    ]
    random.shuffle(written)
    parts["attributes"] = tuple((field, value) for field, value in written if value is not None)
    return Call(**parts | (sometimes(0.06, *_ODD) or {}))


def new_cookie_of_few(random: Random, name: str, subscription: str) -> Call:
    """A call that adds a cookie to somebody known: nothing in the database keeps two at once from doing so."""
    return Call(email=random.choice(_EMAILS), cookie=f"_mch-example.com-{name}", return_lead=False)
