"""What a call can end in without a result: one class for each fault code."""

from collections.abc import Mapping


class ClientError(Exception):
    """Root of what a call can end in without a result; the message is a sentence."""


class ServerUnreachableError(ClientError):
    """No answer came. The call may have been carried out; it is safe to repeat."""


class UnreadableAnswerError(ClientError):
    """What answered speaks no mktows."""


class FaultError(ClientError):
    """The server refused the call, or failed at it; the message is the one of the fault.

    Its children say which fault it is. A code that none of them has, of another server, is the plain FaultError.
    """

    def __init__(self, code: str, text: str, message: str) -> None:
        super().__init__(message or text)
        self.code = code
        """Such as `20103`; empty for a fault that has none."""
        self.text = text
        """The faultstring, such as `20103 - Lead not found`."""


class InternalFault(FaultError):
    """10001: a defect of the server's, or the one record that its database refused. Its log has the reference."""


class ServiceFailureFault(FaultError):
    """20011: something that the server needs did not answer. Safe to repeat, after a while."""


class RequestNotUnderstoodFault(FaultError):
    """20012: the request was not what SOAP says, or larger than a limit."""


class AccessDeniedFault(FaultError):
    """20013: the signature was right, and the user is disabled."""


class AuthenticationFailedFault(FaultError):
    """20014: no such user, or another key."""


class RequestLimitExceededFault(FaultError):
    """20015: the calls of the day are used up, until midnight US Central."""


class RequestExpiredFault(FaultError):
    """20016: the clock of this machine and the server's are too far apart."""


class InvalidRequestFault(FaultError):
    """20017: the element of the call is unusable as a whole."""


class UnsupportedOperationFault(FaultError):
    """20019: the server does not carry out this operation."""


class RateLimitExceededFault(FaultError):
    """20023: too many calls in 20 seconds."""


class ConcurrencyLimitExceededFault(FaultError):
    """20024: too many calls at once."""


class LeadKeyRequiredFault(FaultError):
    """20101: no key says which lead is meant."""


class LeadKeyBadFault(FaultError):
    """20102: a lead key of a type that there is not."""


class LeadNotFoundFault(FaultError):
    """20103: no lead has the key."""


class LeadDetailRequiredFault(FaultError):
    """20104: the call has no lead."""


class UnknownLeadFieldFault(FaultError):
    """20105: an attribute names no field; the message lists all such names."""


class LeadSyncFailedFault(FaultError):
    """20106: the lead is out of reach of the workspace, or no Id is left for a new one."""


class LeadOwnerNotFoundFault(FaultError):
    """20108: nobody who owns leads has the key."""


class ParameterRequiredFault(FaultError):
    """20109: a part of the call is missing; the message names it."""


class InputFault(FaultError):
    """20110: a value is bad; the message names the place and the reason."""


FAULTS: Mapping[str, type[FaultError]] = {
    "10001": InternalFault,
    "20011": ServiceFailureFault,
    "20012": RequestNotUnderstoodFault,
    "20013": AccessDeniedFault,
    "20014": AuthenticationFailedFault,
    "20015": RequestLimitExceededFault,
    "20016": RequestExpiredFault,
    "20017": InvalidRequestFault,
    "20019": UnsupportedOperationFault,
    "20023": RateLimitExceededFault,
    "20024": ConcurrencyLimitExceededFault,
    "20101": LeadKeyRequiredFault,
    "20102": LeadKeyBadFault,
    "20103": LeadNotFoundFault,
    "20104": LeadDetailRequiredFault,
    "20105": UnknownLeadFieldFault,
    "20106": LeadSyncFailedFault,
    "20108": LeadOwnerNotFoundFault,
    "20109": ParameterRequiredFault,
    "20110": InputFault,
}
"""The class of each code."""


def fault_of(code: str, text: str, message: str) -> FaultError:
    """The exception for a fault; `text` is its faultstring."""
    return FAULTS.get(code, FaultError)(code, text, message)
