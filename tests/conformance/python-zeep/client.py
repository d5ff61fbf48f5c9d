"""zeep: the WSDL by its address, headers by the names of their message parts."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import requests
import zeep
from scenario import GIVEN, Scenario, authentication, failed, ok, same
from zeep.transports import Transport


class Zeep:
    """See `scenario.Client`."""

    def __init__(self, wsdl: str, session: requests.Session) -> None:
        self._client = zeep.Client(wsdl, transport=Transport(session=session))

    def call(self, operation: str, **parts: Any) -> Any:
        """The typed result of another operation."""
        headers = {"authentication": authentication(GIVEN["API_KEY"])}
        return self._client.service[operation](**parts, _soapheaders=headers)

    def find(self, email: str) -> Any:
        """The typed result of getLead."""
        return self.call("getLead", leadKey={"keyType": "EMAIL", "keyValue": email})

    def sync(
        self,
        keys: Mapping[str, Any],
        values: Mapping[str, str],
        return_lead: bool,
        *,
        authentication: Mapping[str, str],
        workspace: str | None = None,
    ) -> Any:
        listed = [{"attrName": name, "attrValue": value} for name, value in values.items()]
        headers: dict[str, Any] = {"authentication": authentication}
        if workspace is not None:
            headers["mktowsContext"] = {"targetWorkspace": workspace}
        return self._client.service.syncLead(
            leadRecord={**keys, "leadAttributeList": {"attribute": listed}},
            returnLead=return_lead,
            _soapheaders=headers,
        )

    def fault(self, error: Exception) -> tuple[str, str, Any]:
        if not isinstance(error, zeep.exceptions.Fault):
            raise error
        detail = error.detail[0]
        return error.code, error.message, SimpleNamespace(**{child.tag: child.text for child in detail})


def session(**settings: Any) -> requests.Session:
    """A session of requests with some of its attributes set."""
    made = requests.Session()
    for name, value in settings.items():
        setattr(made, name, value)
    return made


zeep.Client(f"{GIVEN['URL']}?wsdl")
client = Zeep(f"{GIVEN['URL']}?WSDL", session())
ok("wsdl")
closing = Zeep(f"{GIVEN['URL']}?WSDL", session(headers={"Connection": "close"}))
safe = Zeep(f"{GIVEN['TLS_URL']}?WSDL", session(verify=GIVEN["CA_FILE"]))
Scenario(client, {"keepalive": client, "close": closing, "tls": safe}).run()

found = client.find(GIVEN["EMAIL"])
same("find", "count", found.count, 1)
(lead,) = found.leadRecordList.leadRecord
same("find", "Email", lead.Email, GIVEN["EXPECT_EMAIL"])
same("find", "ForeignSysPersonId", lead.ForeignSysPersonId, None)
values = {one.attrName: (one.attrType, one.attrValue) for one in lead.leadAttributeList.attribute}
for name, value in (("FirstName", GIVEN["EXPECT_FIRST_NAME"]), ("LastName", GIVEN["EXPECT_LAST_NAME"])):
    same("find", name, values[name][1], value)
    same("find", f"type of {name}", values[name][0], GIVEN["EXPECT_TYPE"])
try:
    client.find("nobody@jungle.example")
except zeep.exceptions.Fault as error:
    _, text, detail = client.fault(error)
    same("find", "faultstring", text, GIVEN["EXPECT_MISSING_STRING"])
    same("find", "code", detail.code, GIVEN["EXPECT_MISSING_CODE"])
else:
    failed("find", "fault", None, "a fault")
ok("find")

objects = client.call("listMObjects")
same("describe", "number of objects", len(objects), 4)
same("describe", "object", objects[1], GIVEN["EXPECT_OBJECT"])
metadata = client.call("describeMObject", objectName="LeadRecord")
same("describe", "name", metadata.name, GIVEN["EXPECT_OBJECT"])
(field,) = [field for field in metadata.fieldList.field if field.name == "LastName"]
same("describe", "label", field.displayName, GIVEN["EXPECT_LABEL"])
same("describe", "type", field.dataType, GIVEN["EXPECT_TYPE"])
same("describe", "size", field.size, 255)
ok("describe")
