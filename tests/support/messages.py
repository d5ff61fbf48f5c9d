"""The exchanges in tests/messages: what a kind of client sends, and the whole answer to it.

A request file is complete but for `{signature}`, which is made over the timestamp in it. Each is for leads of its own:
Peter Pippin is lead 7, Mary Cox with the foreign id X is lead 9, one browser is still a stranger's, and the next lead
is 1000. For requests that read there are two Mulberries of one Email: lead 10 with a known browser and lead 11 with some
values, each with an SFDC id. A response file is laid out for reading; only white space around elements differs.
"""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree

from support.envelopes import Credentials, signature
from support.inside import USER

MESSAGES = Path(__file__).parents[1] / "messages"
NAMES = sorted(path.name.removesuffix(".request.xml") for path in MESSAGES.glob("*.request.xml"))
READS = [name for name in NAMES if re.search("get-lead|list-objects|describe", name)]
"""Those whose requests read."""
TIMESTAMP = re.compile(r"<requestTimestamp[^>]*>([^<]*)</")


def request(name: str, user: Credentials = USER) -> bytes:
    """A request file, signed by a user."""
    text = (MESSAGES / f"{name}.request.xml").read_text(encoding="utf-8").replace(USER.user, user.user)
    stamp = TIMESTAMP.search(text)
    return text.replace("{signature}", signature(user, stamp[1].strip()) if stamp else "").encode()


def expected(name: str) -> bytes:
    """The answer that stands in the file."""
    return (MESSAGES / f"{name}.response.xml").read_bytes()


def status(name: str) -> int:
    """The HTTP status of the answer."""
    return 500 if name.startswith("fault-") else 200


def canonical(document: bytes) -> bytes:
    """The document without the white space that only lays it out, attributes and prefixes in fixed order."""
    parser = etree.XMLParser(remove_blank_text=True)
    return etree.tostring(etree.fromstring(document, parser), method="c14n")
