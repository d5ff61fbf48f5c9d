"""Where a call came from, as the log names it."""

import pytest

from synclead.soap.address import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.9", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.9", "192.0.2.9"),
        ("10.0.0.1", "2001:db8::9", "2001:db8::9"),
        ("10.0.0.1", "198.51.100.7, 192.0.2.9", "192.0.2.9"),
        ("10.0.0.1", "198.51.100.7, 192.0.2.9, 10.0.0.2", "192.0.2.9"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "192.0.2.9, unknown", "10.0.0.1"),
        ("10.0.0.1", 'x"\x00, 192.0.2.9:4711', "10.0.0.1"),
    ],
)
def test_only_trusted_proxies_name_the_client(peer: str, forwarded: str, address: str) -> None:
    """The last address that is no trusted proxy counts: what stands before it came from the client."""
    headers = {b"x-forwarded-for": forwarded.encode()} if forwarded else {}
    found = client_address({"client": (peer, 4711)}, headers, lambda one: one.startswith("10."))
    assert found == address


def test_a_connection_without_an_address_has_none() -> None:
    """Not every connection is one of TCP."""
    assert client_address({"client": None}, {}, lambda one: True) is None
