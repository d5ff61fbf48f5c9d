"""The published request, sent by curl to the demo as anybody would: the first thing that a new user tries."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from support.contract import assert_keeps_contract
from support.envelopes import Credentials, read_answer, signature, w3c_now
from support.server import Server
from support.tools import needs

DEMO = Credentials("demo17_1_809934544BFABAE58E5D27", "27272727aa")

REQUEST = """<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="http://www.marketo.com/mktows/">
  <SOAP-ENV:Header>
    <ns1:AuthenticationHeader>
      <mktowsUserId>{user}</mktowsUserId>
      <requestSignature>{signature}</requestSignature>
      <requestTimestamp>{timestamp}</requestTimestamp>
    </ns1:AuthenticationHeader>
  </SOAP-ENV:Header>
  <SOAP-ENV:Body>
    <ns1:paramsSyncLead>
      <leadRecord>
        <Email>t@t.com</Email>
        <leadAttributeList>
          <attribute>
            <attrName>FirstName</attrName>
            <attrValue>George</attrValue>
          </attribute>
          <attribute>
            <attrName>LastName</attrName>
            <attrValue>of the Jungle</attrValue>
          </attribute>
        </leadAttributeList>
      </leadRecord>
      <returnLead>false</returnLead>
    </ns1:paramsSyncLead>
  </SOAP-ENV:Body>
</SOAP-ENV:Envelope>
"""

ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ns1="http://www.marketo.com/mktows/">
  <SOAP-ENV:Body>
    <ns1:successSyncLead>
      <result>
        <leadId>{lead_id}</leadId>
        <syncStatus>
          <leadId>{lead_id}</leadId>
          <status>{status}</status>
          <error xsi:nil="true" />
        </syncStatus>
        <leadRecord xsi:nil="true" />
      </result>
    </ns1:successSyncLead>
  </SOAP-ENV:Body>
</SOAP-ENV:Envelope>
"""


@pytest.fixture
def demo(tmp_path: Path, new_url: Callable[[Path], str]) -> Server:
    """`synclead serve --demo` on a new database, without any configuration."""
    return Server(tmp_path, options=["--demo"], database_url=new_url(tmp_path))


def curl(url: str, request: str, directory: Path, *options: str) -> tuple[int, bytes]:
    """What the curl of this machine gets for the request: status and body."""
    (directory / "request.xml").write_text(request, encoding="utf-8")
    words = ["--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}", *options]
    done = subprocess.run(
        ["curl", *words, "--header", "Content-Type: text/xml", "--data-binary", "@request.xml", url],
        cwd=directory,
        capture_output=True,
        check=True,
    )
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status), body


def canonical(document: bytes) -> bytes:
    """The document without the white space that lays it out."""
    root = etree.fromstring(document, etree.XMLParser(remove_blank_text=True))
    return etree.tostring(root, method="c14n")


@needs("curl")
def test_the_published_request_creates_george_once(demo: Server, tmp_path: Path) -> None:
    """CREATED on a fresh server, then UPDATED with the same Id, in exactly the published form, by any HTTP."""
    chunked = ("--header", "Transfer-Encoding: chunked", "--header", "Expect: 100-continue")
    calls: list[tuple[str, tuple[str, ...]]] = [
        ("CREATED", ()),
        ("UPDATED", ()),
        ("UPDATED", chunked),
        ("UPDATED", ("--http1.0",)),
    ]
    seen = set()
    try:
        demo.start()
        for expected, options in calls:
            now = w3c_now()
            request = REQUEST.format(user=DEMO.user, signature=signature(DEMO, now), timestamp=now)
            url = f"http://127.0.0.1:{demo.port}/soap/mktows/2_1"
            status, body = curl(url, request, tmp_path, *options)
            answer = read_answer(status, body)
            assert status == 200
            shown = ANSWER.format(lead_id=answer.lead_id, status=expected)
            assert canonical(body) == canonical(shown.encode())
            assert_keeps_contract(body)
            seen.add(answer.lead_id)
        assert len(seen) == 1
        assert demo.stop() == 0
    finally:
        demo.close()
