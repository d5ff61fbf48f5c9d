"""listMObjects: the objects that describeMObject knows (spec: soap-operations, section 3.15)."""

from synclead.soap import messages
from synclead.soap.objects import OBJECTS
from synclead.soap.operations.call import Call

_ANSWER = messages.SuccessListMObjects(result=messages.ResultListMObjects(objects=tuple(OBJECTS)))


async def list_m_objects(params: messages.ParamsListMObjects, call: Call) -> messages.SuccessListMObjects:
    """Their names. Clients test connection and credentials so: it asks nobody."""
    return _ANSWER
