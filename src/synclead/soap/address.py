"""The URL that a client used, as the WSDL must name it, and the address that it called from."""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)


def client_url(
    scope: Mapping[str, Any], headers: Mapping[bytes, bytes], public_url: str | None, trusted: Callable[[str], bool]
) -> str:
    """Scheme, host and path of a request, without its query and a trailing slash.

    The configured public URL wins; then what a trusted proxy says; then the Host header; then the
    address that the connection came in on (spec: sync-lead, section 1). A public URL that holds the
    SOAP path already stands as it is.
    """
    path = scope["path"].rstrip("/")
    if public_url is not None:
        return public_url if "/soap/mktows/" in urlsplit(public_url).path else public_url + path
    scheme = scope["scheme"]
    host = _named_host(headers.get(b"host"))
    peer = scope.get("client")
    if peer is not None and trusted(peer[0]):
        forwarded = _first(headers.get(b"x-forwarded-proto")).lower()
        scheme = forwarded if forwarded in ("http", "https") else scheme
        host = _named_host(headers.get(b"x-forwarded-host")) or host
    return f"{scheme}://{host or _own_host(scope)}{path}"


def client_address(
    scope: Mapping[str, Any], headers: Mapping[bytes, bytes], trusted: Callable[[str], bool]
) -> str | None:
    """The address that a client called from; None where the connection has none.

    A trusted proxy is believed: of the addresses in X-Forwarded-For the last that is no trusted proxy counts,
    since whatever stands before it came from the client.
    """
    peer = scope.get("client")
    if peer is None:
        return None
    address: str = peer[0]
    sent = headers.get(b"x-forwarded-for")
    if sent is None:
        return address
    forwarded = sent.decode("latin-1").split(",")
    while forwarded and trusted(address):
        before = forwarded.pop().strip()
        if not _is_address(before):
            break
        address = before
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _first(value: bytes | None) -> str:
    """The first of a list of values: that of the proxy next to the client."""
    return (value or b"").decode("latin-1").partition(",")[0].strip()


def _named_host(value: bytes | None) -> str | None:
    text = _first(value)
    return text if _HOST.fullmatch(text) else None


def _own_host(scope: Mapping[str, Any]) -> str:
    host, port = scope.get("server") or ("localhost", None)
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"
