"""Where a program keeps its address, beside the WSDL that it brings or in the code that was made from one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.scenario import Place
from conformance.stack import Stack, execute, installed, load
from support.server import free_port
from synclead.soap import wsdl

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(900)]

Built = Callable[[Stack], Path]
REACHED = "20014 - Authentication failed"
"""What a call without a signature hears."""
PROGRAMS = {
    "java-jaxws": ["java", "-XX:TieredStopAtLevel=1", "@options", "Bundled"],
    "node-soap": ["node", "bundled.js"],
    "php-wsdl": ["php", "-d", "soap.wsdl_cache_enabled=0", "bundled.php"],
    "python-suds": ["bash", "-c", "PYTHONPATH=$INSTALLED exec python3 bundled.py"],
    "python-zeep": ["bash", "-c", "PYTHONPATH=$INSTALLED exec python3 bundled.py"],
}


GENERATED = [
    ("cpp-gsoap", "soapMktowsApiSoapBindingProxy.cpp", 'soap_endpoint = "{url}";'),
    ("csharp-wsdl", "Proxy.cs", 'this.Url = "{url}";'),
    (
        "java-axis",
        "generated/com/marketo/www/mktows/MktMktowsApiServiceLocator.java",
        'MktowsApiSoapPort_address = "{url}";',
    ),
    ("java-jaxws", "generated/com/marketo/mktows/MktMktowsApiService.java", 'new URL("{url}?WSDL")'),
    ("java-jaxws", "generated/com/marketo/mktows/MktMktowsApiService.java", 'wsdlLocation = "{url}?WSDL"'),
]
"""A stack, a file that its tool wrote, and a part of it."""


def of_stack(folder: str, *more: str) -> object:
    """A case that stays with the worker that builds the stack."""
    return pytest.param(folder, *more, marks=pytest.mark.xdist_group(folder))


def bundle(folder: Path, address: str) -> None:
    """The WSDL as a program's own file, with another address."""
    (folder / "mktows.wsdl").write_bytes(wsdl.serve(address))


@pytest.mark.parametrize("name", [of_stack(name) for name in PROGRAMS])
def test_a_bundled_wsdl_may_stay(name: str, place: Place, built: Built) -> None:
    """A copy of the WSDL whose address is dead is no hindrance: the program calls the address that it names itself."""
    stack = load(name)
    folder = built(stack)
    bundle(folder, f"http://127.0.0.1:{free_port()}/soap/mktows/2_9")
    done = execute(PROGRAMS[name], folder, {"URL": place.url, "INSTALLED": str(installed(stack))})
    assert REACHED in done.stdout


@pytest.mark.parametrize(("name", "file", "line"), [of_stack(*one) for one in GENERATED])
def test_generated_code_keeps_the_url_it_was_made_from(
    name: str, file: str, line: str, place: Place, built: Built
) -> None:
    """The URL of the WSDL, or the address in it, is a constant of the classes that a stack's tool wrote."""
    text = (built(load(name)) / file).read_text(encoding="utf-8")
    url = place.tls_url if name == "java-axis" else place.url
    assert line.replace("{url}", url) in text


@pytest.mark.xdist_group("perl-soap-lite")
def test_soap_lite_calls_the_address_of_the_wsdl(place: Place, built: Built) -> None:
    """What is called by `service` goes to the address in the WSDL, whatever `proxy` says."""
    folder = built(load("perl-soap-lite"))
    code = (
        "my $soap = SOAP::Lite->service('file:mktows.wsdl');"
        "$soap->proxy($ENV{PROXY})->on_fault(sub { print ref $_[1] ? $_[1]->faultstring : $_[0]->transport->status });"
        "$soap->syncLead(1);"
    )
    dead = f"http://127.0.0.1:{free_port()}/soap/mktows/2_9"
    command = ["perl", "-MSOAP::Lite", "-e", code]

    bundle(folder, dead)
    assert "Connection refused" in execute(command, folder, {"PROXY": place.url}).stdout
    bundle(folder, place.url)
    assert execute(command, folder, {"PROXY": dead}).stdout == REACHED


@pytest.mark.xdist_group("php-wsdl")
def test_php_keeps_the_address_of_a_bundled_wsdl_in_its_cache(place: Place, built: Built, tmp_path: Path) -> None:
    """A changed copy counts for PHP when the cache of the old one is deleted."""
    folder, cache = built(load("php-wsdl")), tmp_path / "cache"
    cache.mkdir()
    code = (
        "try { (new SoapClient('mktows.wsdl'))->syncLead(['leadRecord' => [], 'returnLead' => false]); }"
        "catch (SoapFault $fault) { echo $fault->getMessage(); }"
    )
    command = ["php", "-d", f"soap.wsdl_cache_dir={cache}", "-r", code]

    bundle(folder, f"http://127.0.0.1:{free_port()}/soap/mktows/2_9")
    assert execute(command, folder, {}).stdout == "Could not connect to host"
    bundle(folder, place.url)
    assert execute(command, folder, {}).stdout == "Could not connect to host"
    for file in cache.glob("wsdl-*"):
        file.unlink()
    assert execute(command, folder, {}).stdout == REACHED
