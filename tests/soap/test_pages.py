"""What is on the SOAP path beside calls: the WSDL, and refusals."""

from collections.abc import Callable
from typing import Any

import pytest

from support.endpoint import PATH, Client, Response


@pytest.mark.parametrize("query", ["WSDL", "wsdl", "Wsdl=1", "x=1&wsdl"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_wsdl_names_the_address_that_the_client_used(query: str, method: str) -> None:
    """Generated clients post where the WSDL says."""
    response = Client().request(method, f"{PATH}/?{query}", host="leads.example.com:8443")
    assert (response.status, response.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert 'location="http://leads.example.com:8443/soap/mktows/2_7"' in response.text


@pytest.mark.parametrize(
    ("public_url", "peer", "headers", "address"),
    [
        (None, "10.0.0.1", {"x_forwarded_proto": "https", "x_forwarded_host": "a.example"}, "https://a.example"),
        (None, "10.0.0.1", {"x_forwarded_proto": "https"}, "https://in.example"),
        (None, "10.0.0.1", {"x_forwarded_host": "a.example, b.example"}, "http://a.example"),
        (None, "10.0.0.2", {"x_forwarded_proto": "https", "x_forwarded_host": "a.example"}, "http://in.example"),
        (None, "10.0.0.1", {"x_forwarded_proto": "gopher", "x_forwarded_host": "<x>"}, "http://in.example"),
        ("https://p.example", "10.0.0.1", {"x_forwarded_host": "a.example"}, "https://p.example"),
    ],
)
def test_only_trusted_proxies_name_the_address(
    public_url: str | None, peer: str, headers: dict[str, Any], address: str
) -> None:
    """The configured URL wins, then a trusted proxy, then the Host header."""
    client = Client(public_url=public_url)
    response = client.request("GET", f"{PATH}?WSDL", peer=peer, host="in.example", **headers)
    assert f'location="{address}{PATH}"' in response.text


@pytest.mark.parametrize("headers", [{}, {"host": 'x"><evil'}])
def test_without_a_usable_host_the_wsdl_names_the_connection(headers: dict[str, Any]) -> None:
    """HTTP/1.0 needs no Host, and not every Host is one."""
    response = Client().request("GET", f"{PATH}?WSDL", **headers)
    assert f'location="http://127.0.0.1:8080{PATH}"' in response.text


def test_a_public_url_with_a_path_stands_as_it_is() -> None:
    """A gateway may serve this path under another version."""
    client = Client(public_url="https://p.example/soap/mktows/2_1")
    assert 'location="https://p.example/soap/mktows/2_1"' in client.request("GET", f"{PATH}?WSDL").text


@pytest.mark.parametrize(("method", "query"), [("GET", ""), ("HEAD", ""), ("PUT", "?WSDL"), ("OPTIONS", "")])
def test_other_methods_are_not_allowed(method: str, query: str) -> None:
    """The answer says what is, and in words."""
    response = Client().request(method, PATH + query)
    assert (response.status, response.headers["allow"]) == (405, "GET, POST")
    assert response.text.count("\n") == 1


@pytest.mark.parametrize("path", ["/soap/", "/soap/mktows", "/soap/mktows/2.7", "/soap/mktows/2_7/x", "/soap/mktows/_"])
def test_other_paths_are_not_found(path: str) -> None:
    """Nothing but the versioned path is a SOAP endpoint."""
    assert Client().post(b"", path=path).status == 404


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
@pytest.mark.parametrize("make", [lambda c, o: c.post(b"", origin=o), lambda c, o: c.request("GET", PATH, origin=o)])
def test_browser_pages_are_refused(make: Callable[[Client, str], Response], origin: str) -> None:
    """No page may speak for a user, whatever its origin."""
    client = Client()
    response = make(client, origin)
    assert (response.status, response.text.count("\n")) == (403, 1)
    assert client.writer.received == []
