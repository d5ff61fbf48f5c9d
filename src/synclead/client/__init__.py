"""A client for Python programs: signs, sends, gives typed values back, and raises an exception for each fault.

    from synclead.client import LeadNotFoundFault, LeadToSync, SyncleadClient

    with SyncleadClient(url, user_id, key) as client:
        synced = client.sync_lead(LeadToSync(email="t@t.com", attributes={"FirstName": "George"}))
        print(synced.status, synced.lead_id)
        try:
            for lead in client.get_lead(email="t@t.com"):
                print(lead.id, lead.attributes)
        except LeadNotFoundFault:
            print("nobody")

It repeats nothing by itself: who calls knows best whether to wait. Every call here is safe to repeat, `sync_lead` too,
since the same keys mean the same lead. Each call is signed anew by the clock of this machine.
"""

from synclead.client.calls import DEFAULT_URL, SyncleadClient
from synclead.client.faults import (
    FAULTS,
    AccessDeniedFault,
    AuthenticationFailedFault,
    ClientError,
    ConcurrencyLimitExceededFault,
    FaultError,
    InputFault,
    InternalFault,
    InvalidRequestFault,
    LeadDetailRequiredFault,
    LeadKeyBadFault,
    LeadKeyRequiredFault,
    LeadNotFoundFault,
    LeadOwnerNotFoundFault,
    LeadSyncFailedFault,
    ParameterRequiredFault,
    RateLimitExceededFault,
    RequestExpiredFault,
    RequestLimitExceededFault,
    RequestNotUnderstoodFault,
    ServerUnreachableError,
    ServiceFailureFault,
    UnknownLeadFieldFault,
    UnreadableAnswerError,
    UnsupportedOperationFault,
)
from synclead.client.values import DescribedField, DescribedObject, LeadToSync, ReturnedLead, SyncedLead

__all__ = [
    "DEFAULT_URL",
    "FAULTS",
    "AccessDeniedFault",
    "AuthenticationFailedFault",
    "ClientError",
    "ConcurrencyLimitExceededFault",
    "DescribedField",
    "DescribedObject",
    "FaultError",
    "InputFault",
    "InternalFault",
    "InvalidRequestFault",
    "LeadDetailRequiredFault",
    "LeadKeyBadFault",
    "LeadKeyRequiredFault",
    "LeadNotFoundFault",
    "LeadOwnerNotFoundFault",
    "LeadSyncFailedFault",
    "LeadToSync",
    "ParameterRequiredFault",
    "RateLimitExceededFault",
    "RequestExpiredFault",
    "RequestLimitExceededFault",
    "RequestNotUnderstoodFault",
    "ReturnedLead",
    "ServerUnreachableError",
    "ServiceFailureFault",
    "SyncedLead",
    "SyncleadClient",
    "UnknownLeadFieldFault",
    "UnreadableAnswerError",
    "UnsupportedOperationFault",
]
