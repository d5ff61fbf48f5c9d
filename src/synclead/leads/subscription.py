"""The rules of one subscription, as the domain needs them."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from synclead.leads.fields import Catalogue
from synclead.leads.places import Places
from synclead.leads.policy import Policy


@dataclass(frozen=True, slots=True)
class Subscription:
    """One tenant's rules. Changes only by configuration; `config_version` counts those changes."""

    id: int
    name: str
    munchkin_account: str
    munchkin_aliases: tuple[str, ...]
    time_zone: ZoneInfo
    places: Places
    catalogue: Catalogue
    policy: Policy
    config_version: int
