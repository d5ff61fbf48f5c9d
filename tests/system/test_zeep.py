"""A SOAP library that nobody changed for us makes every call from the served WSDL alone."""

from __future__ import annotations

from typing import Any

import pytest
import zeep

from support.envelopes import signature, w3c_now
from support.inside import USER
from support.server import Server


@pytest.fixture
def client(each_orchard: Server) -> zeep.Client:
    """The library, given nothing but the address of the WSDL."""
    return zeep.Client(f"http://127.0.0.1:{each_orchard.port}/soap/mktows/2_1?WSDL")


def headers(workspace: str | None = "default") -> dict[str, Any]:
    """The headers of a call by the names of their message parts."""
    now = w3c_now()
    made: dict[str, Any] = {
        "authentication": {
            "mktowsUserId": USER.user,
            "requestSignature": signature(USER, now),
            "requestTimestamp": now,
        }
    }
    if workspace is not None:
        made["mktowsContext"] = {"targetWorkspace": workspace}
    return made


def george(email: str) -> dict[str, Any]:
    """The record of the published call for an address of its own."""
    values = {"FirstName": "George", "LastName": "of the Jungle"}
    attributes = [{"attrName": name, "attrValue": value} for name, value in values.items()]
    return {"Email": email, "leadAttributeList": {"attribute": attributes}}


@pytest.mark.parametrize("workspace", ["default", None])
def test_the_published_call_creates_and_then_updates_one_lead(client: zeep.Client, workspace: str | None) -> None:
    """CREATED first, UPDATED with the same Id again; the library reads both answers by the WSDL, strictly."""
    record = george(f"zeep-{workspace}@orchard.example")
    first = client.service.syncLead(leadRecord=record, returnLead=False, _soapheaders=headers(workspace))
    assert first.syncStatus.status == "CREATED"
    assert first.syncStatus.leadId == first.leadId > 0
    assert first.syncStatus.error is None
    assert first.leadRecord.Id is None  # zeep shows a nil element as an empty one

    again = client.service.syncLead(leadRecord=record, returnLead=True, _soapheaders=headers(workspace))
    assert (again.syncStatus.status, again.leadId) == ("UPDATED", first.leadId)
    assert (again.leadRecord.Id, again.leadRecord.Email) == (first.leadId, record["Email"])
    assert again.leadRecord.ForeignSysPersonId is None
    shown = [(one.attrName, one.attrType, one.attrValue) for one in again.leadRecord.leadAttributeList.attribute]
    assert shown == [("FirstName", "string", "George"), ("LastName", "string", "of the Jungle")]


def test_a_lead_is_read_by_its_keys(client: zeep.Client) -> None:
    """getLead gives what syncLead returned, by Id, Email and cookie; a key that nobody has is the fault 20103."""
    cookie = "id:100-AEK-914&token:_mch-orchard.example-zeep"
    synced = client.service.syncLead(
        leadRecord=george("zeep-read@orchard.example"),
        returnLead=True,
        marketoCookie=cookie,
        _soapheaders=headers(),
    )
    keys = {"IDNUM": str(synced.leadId), "EMAIL": "Zeep-Read@Orchard.example", "COOKIE": cookie}
    for kind, value in keys.items():
        found = client.service.getLead(leadKey={"keyType": kind, "keyValue": value}, _soapheaders=headers(None))
        assert found.count == 1
        assert found.leadRecordList.leadRecord == [synced.leadRecord]
    with pytest.raises(zeep.exceptions.Fault) as caught:
        client.service.getLead(leadKey={"keyType": "EMAIL", "keyValue": "x"}, _soapheaders=headers(None))
    assert caught.value.message == "20103 - Lead not found"
    assert caught.value.detail.findtext(".//message") == "No lead found with EMAIL = x (20103)"


def test_every_object_that_is_listed_is_described(client: zeep.Client) -> None:
    """The library reads each description by the WSDL, strictly; a lead's fields are those that a call may name."""
    listed = client.service.listMObjects(_soapheaders=headers(None))
    assert listed == ["ActivityRecord", "LeadRecord", "Opportunity", "OpportunityPersonRole"]
    for name in listed:
        described = client.service.describeMObject(objectName=name, _soapheaders=headers(None))
        assert described.name == name
        assert len(described.fieldList.field) >= 4
    lead = client.service.describeMObject(objectName="LeadRecord", _soapheaders=headers(None))
    shown = {field.name: (field.displayName, field.dataType, field.size) for field in lead.fieldList.field}
    assert shown["FirstName"] == ("First Name", "string", 255)
    assert shown["AnnualRevenue"] == ("Annual Revenue", "currency", None)


def test_a_refusal_reaches_the_caller_as_a_fault(client: zeep.Client) -> None:
    """The library raises the fault with its code, text and detail."""
    with pytest.raises(zeep.exceptions.Fault) as caught:
        client.service.syncLead(leadRecord={"Id": 2**31 - 1}, returnLead=False, _soapheaders=headers())
    assert caught.value.message == "20103 - Lead not found"
    assert caught.value.code == "SOAP-ENV:Client"
    assert caught.value.detail.findtext(".//code") == "20103"


def test_the_wsdl_tells_where_to_post(client: zeep.Client, each_orchard: Server) -> None:
    """Service and port bear the names that generated clients look up; the address is the one that was asked."""
    port = client.wsdl.services["MktMktowsApiService"].ports["MktowsApiSoapPort"]
    assert port.binding_options["address"] == f"http://127.0.0.1:{each_orchard.port}/soap/mktows/2_1"
