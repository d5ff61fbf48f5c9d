"""The WSDL as clients fetch it: our contract with the address that they are to post to."""

from functools import cache
from importlib.resources import files
from xml.sax.saxutils import escape

PLACEHOLDER = "http://localhost/soap/mktows/2_7"
"""The address that stands in the file."""


def source() -> bytes:
    """The file as it is kept, in UTF-8."""
    return files("synclead.soap").joinpath("mktows.wsdl").read_bytes()


def serve(url: str) -> bytes:
    """The WSDL in UTF-8 with `url` as its `soap:address`.

    Generated clients post to that address and nowhere else (spec: soap-operations, section 1.1).
    """
    before, after = _around_address()
    return before + escape(url, {'"': "&quot;"}).encode() + after


@cache
def _around_address() -> tuple[bytes, bytes]:
    before, found, after = source().partition(b'location="' + PLACEHOLDER.encode() + b'"')
    if not found:
        raise ValueError(f"mktows.wsdl has no soap:address with location {PLACEHOLDER}")
    return before + b'location="', b'"' + after
