"""zeep: the WSDL by its address, headers by the names of their message parts."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import requests
import zeep
from scenario import GIVEN, Scenario, ok
from zeep.transports import Transport


class Zeep:
    """See `scenario.Client`."""

    def __init__(self, wsdl: str, session: requests.Session) -> None:
        self._client = zeep.Client(wsdl, transport=Transport(session=session))

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
