"""The scenario in Python, for every library that gives attributes of objects back. A stack brings its client."""

import hashlib
import hmac
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol

GIVEN = os.environ


class Client(Protocol):
    """One library's way to call."""

    def sync(
        self,
        keys: Mapping[str, Any],
        values: Mapping[str, str],
        return_lead: bool,
        *,
        authentication: Mapping[str, str],
        workspace: str | None = None,
    ) -> Any:
        """The typed result of syncLead; raises the library's own fault."""

    def fault(self, error: Exception) -> tuple[str, str, Any]:
        """Its faultcode, faultstring and, with attributes, the serviceException of its detail."""


def authentication(key: str) -> dict[str, str]:
    """The parts of the authentication header."""
    timestamp = datetime.now(UTC).isoformat(timespec="seconds")
    message = (timestamp + GIVEN["API_USER"]).encode()
    signature = hmac.new(key.encode(), message, hashlib.sha1).hexdigest()
    return {"mktowsUserId": GIVEN["API_USER"], "requestSignature": signature, "requestTimestamp": timestamp}


def ok(step: str) -> None:
    """The step is done."""
    print("ok", step, flush=True)


def failed(step: str, what: str, got: object, expected: object) -> NoReturn:
    """Ends the program."""
    print(f'failed {step}: {what} is "{got}", expected "{expected}"')
    sys.exit(1)


def same(step: str, what: str, got: object, expected: object) -> None:
    """Value and type must be the expected ones: texts are texts, numbers are numbers."""
    if got != expected or (expected is not None and isinstance(expected, int) != isinstance(got, int)):
        failed(step, what, got, expected)


def same_status(step: str, result: Any, status: str, lead_id: int) -> None:
    """The status and both ids of a result; no error."""
    same(step, "status", result.syncStatus.status, status)
    same(step, "leadId", result.leadId, lead_id)
    same(step, "leadId of the status", result.syncStatus.leadId, lead_id)
    same(step, "error", result.syncStatus.error, None)


def attributes(result: Any) -> dict[str, tuple[str, str]]:
    """Type and value of each attribute by its name."""
    found = result.leadRecord.leadAttributeList.attribute
    return {str(one.attrName): (str(one.attrType), str(one.attrValue)) for one in found}


class Scenario:
    """Every step after the WSDL."""

    def __init__(self, client: Client, connections: Mapping[str, Client]) -> None:
        """`connections` has the clients of the steps `keepalive`, `close` and `tls`."""
        self._client = client
        self._connections = connections
        self._names = {"FirstName": GIVEN["FIRST_NAME"], "LastName": GIVEN["LAST_NAME"]}
        self._george = {"Email": GIVEN["EMAIL"]}

    def run(self) -> None:
        """All of them, in order."""
        lead_id = self._create()
        self._read(lead_id)
        self._foreign()
        self._by_id(lead_id)
        result = self._sync(self._george, self._names, False, workspace="default")
        same_status("context", result, GIVEN["EXPECT_UPDATED"], lead_id)
        ok("context")
        self._faults()
        result = self._sync({"Email": GIVEN["LETTERS_EMAIL"]}, {"FirstName": GIVEN["LETTERS"]}, True)
        same("letters", "FirstName", attributes(result)["FirstName"][1], GIVEN["EXPECT_LETTERS"])
        ok("letters")
        for step, client in self._connections.items():
            for _ in range(2):
                result = self._sync(self._george, self._names, False, client=client)
                same_status(step, result, GIVEN["EXPECT_UPDATED"], lead_id)
            ok(step)

    def _sync(
        self,
        keys: Mapping[str, Any],
        values: Mapping[str, str],
        return_lead: bool,
        *,
        key: str | None = None,
        workspace: str | None = None,
        client: Client | None = None,
    ) -> Any:
        header = authentication(key or GIVEN["API_KEY"])
        chosen = client or self._client
        return chosen.sync(keys, values, return_lead, authentication=header, workspace=workspace)

    def _create(self) -> int:
        created = self._sync(self._george, self._names, False)
        lead_id = int(created.leadId)
        same("create", "leadId", created.leadId, lead_id)
        same_status("create", created, GIVEN["EXPECT_CREATED"], lead_id)
        ok("create")
        same_status("update", self._sync(self._george, self._names, False), GIVEN["EXPECT_UPDATED"], lead_id)
        ok("update")
        return lead_id

    def _read(self, lead_id: int) -> None:
        result = self._sync(self._george, self._names, True)
        same_status("read", result, GIVEN["EXPECT_UPDATED"], lead_id)
        same("read", "Id", result.leadRecord.Id, lead_id)
        same("read", "Email", result.leadRecord.Email, GIVEN["EXPECT_EMAIL"])
        same("read", "ForeignSysPersonId", result.leadRecord.ForeignSysPersonId, None)
        found = attributes(result)
        same("read", "FirstName", found["FirstName"][1], GIVEN["EXPECT_FIRST_NAME"])
        same("read", "type of FirstName", found["FirstName"][0], GIVEN["EXPECT_TYPE"])
        same("read", "LastName", found["LastName"][1], GIVEN["EXPECT_LAST_NAME"])
        ok("read")

    def _foreign(self) -> None:
        keys = {"ForeignSysPersonId": GIVEN["FOREIGN_ID"], "ForeignSysType": GIVEN["FOREIGN_TYPE"]}
        first = self._sync(keys | {"Email": GIVEN["FOREIGN_EMAIL"]}, self._names, False)
        same_status("foreign", first, GIVEN["EXPECT_CREATED"], int(first.leadId))
        second = self._sync(keys | {"Email": GIVEN["NEW_EMAIL"]}, self._names, True)
        same_status("foreign", second, GIVEN["EXPECT_UPDATED"], int(first.leadId))
        same("foreign", "Email", second.leadRecord.Email, GIVEN["EXPECT_NEW_EMAIL"])
        same("foreign", "ForeignSysPersonId", second.leadRecord.ForeignSysPersonId, GIVEN["EXPECT_FOREIGN_ID"])
        same("foreign", "ForeignSysType", second.leadRecord.ForeignSysType, GIVEN["EXPECT_FOREIGN_TYPE"])
        ok("foreign")

    def _by_id(self, lead_id: int) -> None:
        result = self._sync({"Id": lead_id}, {"LastName": GIVEN["OTHER_LAST_NAME"]}, True)
        same_status("id", result, GIVEN["EXPECT_UPDATED"], lead_id)
        same("id", "LastName", attributes(result)["LastName"][1], GIVEN["EXPECT_OTHER_LAST_NAME"])
        ok("id")

    def _faults(self) -> None:
        detail = self._fault("field", "FIELD", {GIVEN["UNKNOWN_FIELD"]: "top"})
        same("field", "name", str(detail.name), GIVEN["EXPECT_FIELD_NAME"])
        same("field", "message", str(detail.message), GIVEN["EXPECT_FIELD_MESSAGE"])
        ok("field")
        self._fault("signature", "SIGNATURE", self._names, key="wrong")
        ok("signature")

    def _fault(self, step: str, name: str, values: Mapping[str, str], key: str | None = None) -> Any:
        try:
            self._sync(self._george, values, False, key=key)
        except Exception as error:
            code, text, detail = self._client.fault(error)
        else:
            failed(step, "fault", None, "a fault")
        same(step, "faultcode", code, "SOAP-ENV:Client")
        same(step, "faultstring", text, GIVEN[f"EXPECT_{name}_STRING"])
        same(step, "code", str(detail.code), GIVEN[f"EXPECT_{name}_CODE"])
        return detail
