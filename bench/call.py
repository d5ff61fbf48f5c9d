"""The call that every server under test is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from synclead.soap.signature import sign

USER = "bench1_0000000000000000000000000000"
KEY = "bench-key-that-opens-nothing"
PATH = "/soap/mktows/2_9"
SCORES_A_CELL = 1_000_000
"""The calls of cell n carry the scores from n million on: what is stored tells which call wrote it."""
VALUES = {"FirstName": "Jane", "LastName": "Doe", "Company": "Example GmbH", "Phone": "+49 30 1234567"}
"""Beside LeadScore, which every call changes."""
DOMAIN = "@bench.example"

DECLARATION = f"""\
[[subscription]]
name = "Bench"
munchkin_account = "999-BEN-001"
api_users = [ {{ id = "{USER}", encryption_key = "{KEY}" }} ]
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """A signed envelope around an Email and a score."""

    before: str
    between: str
    after: str

    def whole(self, email: str, score: int) -> bytes:
        """The request."""
        return f"{self.before}{email}{self.between}{score}{self.after}".encode()


def signed() -> Parts:
    """An envelope that is signed now."""
    timestamp = datetime.now(UTC).replace(microsecond=0).isoformat()
    attributes = "".join(_attribute(name, value) for name, value in VALUES.items())
    return Parts(
        before=(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
            ' xmlns:ns1="http://www.marketo.com/mktows/"><SOAP-ENV:Header><ns1:AuthenticationHeader>'
            f"<mktowsUserId>{USER}</mktowsUserId>"
            f"<requestSignature>{sign(KEY.encode(), timestamp, USER)}</requestSignature>"
            f"<requestTimestamp>{timestamp}</requestTimestamp>"
            "</ns1:AuthenticationHeader></SOAP-ENV:Header><SOAP-ENV:Body><ns1:paramsSyncLead><leadRecord><Email>"
        ),
        between=(f"</Email><leadAttributeList>{attributes}<attribute><attrName>LeadScore</attrName><attrValue>"),
        after=(
            "</attrValue></attribute></leadAttributeList></leadRecord><returnLead>true</returnLead>"
            "</ns1:paramsSyncLead></SOAP-ENV:Body></SOAP-ENV:Envelope>"
        ),
    )


def known_email(number: int) -> str:
    """The Email of a lead that is stored before the first call, from 1 on."""
    return f"known-{number}{DOMAIN}"


def first_score(cell: int) -> int:
    """Every score of a cell is above it."""
    return cell * SCORES_A_CELL


def _attribute(name: str, value: str) -> str:
    return f"<attribute><attrName>{name}</attrName><attrValue>{value}</attrValue></attribute>"
