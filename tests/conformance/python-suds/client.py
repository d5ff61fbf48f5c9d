"""suds: the WSDL by its address, objects by client.factory, headers by set_options(soapheaders=…)."""

import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any

import suds.client
import suds.transport.http
from scenario import GIVEN, Scenario, ok


class Suds:
    """See `scenario.Client`."""

    def __init__(self, wsdl: str, **options: Any) -> None:
        self._client = suds.client.Client(wsdl, cache=None, **options)

    def sync(
        self,
        keys: Mapping[str, Any],
        values: Mapping[str, str],
        return_lead: bool,
        *,
        authentication: Mapping[str, str],
        workspace: str | None = None,
    ) -> Any:
        make = self._client.factory.create
        header = make("AuthenticationHeader")
        for name, value in authentication.items():
            header[name] = value
        headers = [header]
        if workspace is not None:
            context = make("MktowsContextHeader")
            context.targetWorkspace = workspace
            headers.append(context)
        record = make("LeadRecord")
        for name, value in keys.items():
            record[name] = value
        record.leadAttributeList = make("ArrayOfAttribute")
        for name, value in values.items():
            attribute = make("Attribute")
            attribute.attrName, attribute.attrValue = name, value
            record.leadAttributeList.attribute.append(attribute)
        self._client.set_options(soapheaders=headers)
        return self._client.service.syncLead(record, return_lead)

    def fault(self, error: Exception) -> tuple[str, str, Any]:
        if not isinstance(error, suds.WebFault):
            raise error
        return error.fault.faultcode, error.fault.faultstring, error.fault.detail.serviceException


class TlsTransport(suds.transport.http.HttpTransport):
    """Trusts the authority of the given file, as suds lets a program do it: by urllib's handlers."""

    def u2handlers(self) -> list[Any]:
        context = ssl.create_default_context(cafile=GIVEN["CA_FILE"])
        return [*super().u2handlers(), urllib.request.HTTPSHandler(context=context)]


suds.client.Client(f"{GIVEN['URL']}?wsdl", cache=None)
client = Suds(f"{GIVEN['URL']}?WSDL", location=GIVEN["URL"])
ok("wsdl")
safe = Suds(f"{GIVEN['TLS_URL']}?WSDL", transport=TlsTransport())
Scenario(client, {"close": client, "tls": safe}).run()
