"""A subscription in memory: all its leads are known, each call is read, planned and applied."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from synclead.leads.fields import Catalogue, Field
from synclead.leads.keys import parse_email
from synclead.leads.lead import ForeignId, Lead, Visitor
from synclead.leads.outcome import Outcome
from synclead.leads.places import Places, Rule, Workspace
from synclead.leads.plan import Counter, Plan, plan
from synclead.leads.policy import Policy
from synclead.leads.read import read_record
from synclead.leads.record import RawAttribute, RawRecord
from synclead.leads.subscription import Subscription
from synclead.leads.working_set import WorkingSet

ACCOUNT = "100-AEK-913"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def token(name: str) -> str:
    """A Munchkin token in the newer form."""
    return f"_mch-example.com-{name}"


def subscription(
    *,
    policy: Mapping[str, object] | None = None,
    workspaces: Mapping[str, str] | None = None,
    rules: Iterable[Rule] = (),
    partitions: Iterable[str] = ("Default", "Europe", "Asia"),
    zone: str = "UTC",
    fields: Iterable[Field] = (),
) -> Subscription:
    """The rules of a test; workspaces (name to primary partition) are enabled when given."""
    spaces = {"Default": "Default"} if workspaces is None else dict(workspaces)
    return Subscription(
        id=1,
        name="Example Corp",
        munchkin_account=ACCOUNT,
        munchkin_aliases=(),
        time_zone=ZoneInfo(zone),
        places=Places(
            partitions=tuple(partitions) if workspaces is not None else ("Default",),
            workspaces=tuple(Workspace(name, primary) for name, primary in spaces.items()),
            enabled=workspaces is not None,
            rules=tuple(rules),
        ),
        catalogue=Catalogue(fields),
        policy=Policy.from_mapping(policy or {}),
        config_version=1,
    )


def raw(
    *,
    id: object = None,
    email: str | None = None,
    foreign: str | None = None,
    type: str | None = None,
    cookie: str | None = None,
    workspace: str | None = None,
    **attributes: str,
) -> RawRecord:
    """A call as it was sent; other keywords are attributes."""
    return RawRecord(
        id=None if id is None else str(id),
        email=email,
        foreign_id=foreign,
        foreign_type=type,
        attributes=tuple(RawAttribute(name, value) for name, value in attributes.items()),
        cookie=None if cookie is None else token(cookie),
        workspace=workspace,
    )


@dataclass
class World:
    """All leads of one subscription."""

    subscription: Subscription = field(default_factory=subscription)
    known: WorkingSet = field(init=False)
    now: datetime = EPOCH
    leads: dict[int, Lead] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.known = WorkingSet(Counter(1000, 1, 1), self.subscription.catalogue)

    def lead(
        self,
        id: int,
        *,
        email: str | None = None,
        foreign: Iterable[tuple[str, str]] = (),
        cookies: Iterable[str] = (),
        partition: str = "Default",
        change: int | None = None,
        **values: str,
    ) -> None:
        """A lead that is stored already."""
        tokens = tuple(cookies)
        lead = Lead(
            id=id,
            partition=partition,
            email=parse_email(email) if email else None,
            change=id if change is None else change,
            created_at=self.now,
            updated_at=self.now,
            values=values,
            foreign_ids=tuple(ForeignId(*pair) for pair in foreign),
            cookies=len(tokens),
        )
        self.known.load_lead(lead)
        for name in tokens:
            self.known.bind_cookie(token(name), id)
        counter = self.known.counter
        self.known.counter = Counter(
            max(counter.next_lead_id, id + 1),
            counter.next_activity_id,
            max(counter.next_change, lead.change + 1),
        )

    def visitor(self, number: int, cookie: str, **values: str) -> None:
        """An anonymous visitor that is stored already."""
        self.known.load_visitor(Visitor(number, token(cookie), values))

    def call(self, **parts: object) -> Outcome:
        """Make one call."""
        return self.send(raw(**parts))  # type: ignore[arg-type]

    def send(self, record: RawRecord) -> Outcome:
        """Make one call from its raw record."""
        self.now += timedelta(seconds=1)
        request = read_record(record, self.subscription)
        made = plan(request, self.known, self.subscription, self.now)
        self.known.apply(made)
        self.plans.append(made)
        return made.outcome

    def get(self, id: int) -> Lead:
        """The lead as it is now."""
        lead = self.known.lead(id)
        assert lead is not None
        return lead

    def history(self, id: int) -> list[str]:
        """The types of the activities of a lead, in the order they were written."""
        return [activity.type for activity in self.known.changes.activities if activity.lead_id == id]
