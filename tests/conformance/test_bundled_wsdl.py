"""Programs that bring their own copy of the WSDL keep it: only the address beside it is another one."""

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


def of_stack(folder: str) -> object:
    """A case that stays with the worker that builds the stack."""
    return pytest.param(folder, id=folder, marks=pytest.mark.xdist_group(folder))


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
