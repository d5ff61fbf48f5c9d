"""describeMObject: the fields of one object (spec: soap-operations, section 3.8)."""

from synclead.leads.errors import ParameterRequiredError
from synclead.soap import messages
from synclead.soap.errors import ObjectNameError
from synclead.soap.objects import OBJECTS, describe
from synclead.soap.operations.call import Call
from synclead.soap.tolerances import enumerated


async def describe_m_object(params: messages.ParamsDescribeMObject, call: Call) -> messages.SuccessDescribeMObject:
    """The object with its fields as they are now, custom ones too. Raises SyncleadError."""
    if params.objectName is None:
        raise ParameterRequiredError("objectName")
    name = enumerated(params.objectName, tuple(OBJECTS))
    if name is None:
        raise ObjectNameError
    rules = await call.reader.rules(call.subscription)
    metadata = describe(name, rules.catalogue, rules.time_zone)
    return messages.SuccessDescribeMObject(result=messages.ResultDescribeMObject(metadata=metadata))
