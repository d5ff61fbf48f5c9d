"""A key of a call that reads leads: what it stands for, and what it finds (spec: soap-operations, S4)."""

from dataclasses import dataclass

from synclead.leads.errors import InputError, LeadNotFoundError, LeadOwnerNotFoundError, SyncleadError
from synclead.leads.keys import parse_cookie, parse_email, parse_foreign_id, parse_lead_id
from synclead.leads.lead import Email, ForeignId, Lead
from synclead.leads.subscription import Subscription
from synclead.leads.text import trim

MOST_LEADS = 1_000
"""Most leads that one key finds: those that changed last."""

_OWNER_TYPES = frozenset({"LEADOWNEREMAIL", "SFDCLEADOWNERID"})


@dataclass(frozen=True, slots=True)
class LeadKey:
    """A lead key as sent, and as it is looked up: at most one of the last four; without any it finds nobody."""

    type: str
    """A value of the contract's LeadKeyRef."""
    value: str
    """As sent, trimmed."""
    id: int | None = None
    email: Email | None = None
    cookie: str | None = None
    """The token."""
    foreign_id: ForeignId | None = None

    def not_found(self) -> SyncleadError:
        """The fault where the key finds nobody."""
        if self.type in _OWNER_TYPES:
            found_by = f"No lead owner found with {self.type}"
            return LeadOwnerNotFoundError(f"{found_by} = {self.value}", public=found_by)
        found_by = f"No lead found with {self.type}"
        return LeadNotFoundError(f"{found_by} = {self.value}", public=found_by)


@dataclass(frozen=True, slots=True)
class Found:
    """The leads of a key as they were at one moment."""

    subscription: Subscription
    """With the fields of the same moment."""
    leads: tuple[Lead, ...]
    """The newest first: by Id, the highest before the others."""
    size: int = 0
    """Bytes that were read for them."""


def read_lead_key(type: str, value: str, subscription: Subscription) -> LeadKey:
    """A key in the form it is compared in. A value that no lead can have finds nobody, and is no fault by itself.

    `type` is a value of LeadKeyRef. SFDC leads and contacts are one thing here: a foreign id of type SFDC, whose
    object nobody stored. Of accounts, opportunities and owners nothing is stored: their keys find nobody.
    """
    sent = trim(value)
    try:
        match type:
            case "IDNUM":
                return LeadKey(type, sent, id=parse_lead_id(sent))
            case "EMAIL":
                return LeadKey(type, sent, email=parse_email(sent))
            case "COOKIE":
                own = (subscription.munchkin_account, *subscription.munchkin_aliases)
                return LeadKey(type, sent, cookie=parse_cookie(sent, frozenset(account.upper() for account in own)))
            case "SFDCLEADID" | "SFDCCONTACTID":
                return LeadKey(type, sent, foreign_id=parse_foreign_id("SFDC", sent))
    except InputError:
        pass
    return LeadKey(type, sent)
