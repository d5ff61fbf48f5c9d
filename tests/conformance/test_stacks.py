"""Programs written against the retired service's SOAP stacks work as they are: one scenario, every stack.

`make conformance` runs it. `docs/clients.md` is made from what is seen here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.results import Result, save
from conformance.scenario import MORE, STEPS, Place, expected, expected_more, given, with_one_letter_changed
from conformance.stack import STACKS, Stack, execute, installed
from conformance.wire import Wire

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(900)]

Built = Callable[[Stack], Path]
_LINE = re.compile(r"^(ok|cannot|failed) ([a-z]+)(?:: (.*))?$", re.MULTILINE)
_VALUES = tuple(expected(given(Place("", "", ""), "")))
_run_number = itertools.count()


def cases() -> Iterator[object]:
    """Every stack, under each of its variants."""
    for stack in STACKS:
        for variant in stack.variants or [""]:
            name = f"{stack.folder}-{variant}".rstrip("-")
            yield pytest.param(stack, variant, id=name, marks=pytest.mark.xdist_group(stack.folder))


def values() -> Iterator[object]:
    """Every stack with every expected value."""
    for stack in STACKS:
        for name in (*_VALUES, *(expected_more() if stack.more else ())):
            mark = pytest.mark.xdist_group(stack.folder)
            yield pytest.param(stack, name, id=f"{stack.folder}-{name}", marks=mark)


def environment_of(place: Place, stack: Stack, variant: str) -> dict[str, str]:
    """What one run is given and must find; no two runs share a lead."""
    sent = given(place, f"{stack.folder}{variant}{next(_run_number)}".lower())
    return sent | expected(sent) | expected_more() | {"VARIANT": variant, "INSTALLED": str(installed(stack))}


@pytest.mark.parametrize(("stack", "variant"), list(cases()))
def test_a_stack_does_every_step(stack: Stack, variant: str, place: Place, built: Built) -> None:
    """Each step is done, with the typed values that the stack itself gives back; what it cannot do it says itself."""
    folder = built(stack)
    with Wire(int(place.url.split(":")[2].split("/")[0])) as wire:
        through = replace(place, url=re.sub(r":\d+/", f":{wire.port}/", place.url))
        done = execute(stack.run, folder, environment_of(through, stack, variant))
    seen = {step: (verdict, words) for verdict, step, words in _LINE.findall(done.stdout)}
    assert done.returncode == 0, done.stdout
    steps = [*STEPS, *(MORE if stack.more else ())]
    assert list(seen) == [step for step in steps if step not in stack.skips], done.stdout
    for step, (verdict, words) in seen.items():
        if step in stack.cannot:
            assert verdict == "cannot", f"{step} works now: take it out of stack.toml"
            assert stack.cannot[step] in words, done.stdout
        else:
            assert verdict == "ok", done.stdout
    check_wire(stack, wire, {step for step, (verdict, _) in seen.items() if verdict == "ok"})
    told = execute(stack.version, folder, {"INSTALLED": str(installed(stack))})
    assert told.returncode == 0, told.stdout
    assert len(told.stdout.splitlines()) == 1, told.stdout
    save(Result(stack.folder, variant, told.stdout.strip(), {step: verdict for step, (verdict, _) in seen.items()}))


def check_wire(stack: Stack, wire: Wire, done: set[str]) -> None:
    """What went over the wire is what the steps say, and what makes the stack itself."""
    targets = {request.target.partition("?")[2] for request in wire.requests if request.method == "GET"}
    posts = [[request for request in sent if request.method == "POST"] for sent in wire.connections]
    if "wsdl" in done:
        assert {"wsdl", "WSDL"} <= targets, targets
    # HTTP/1.0 has no second call on a connection.
    if "keepalive" in done and any(request.version != "1.0" for request in wire.requests):
        assert any(len(sent) > 1 for sent in posts), [len(sent) for sent in posts]
    if "close" in done:
        assert any(request.asks_to_close for sent in posts for request in sent)
    for pattern in stack.sends:
        assert re.search(pattern.encode(), wire.sent), f"{pattern} was not sent"


@pytest.mark.parametrize(("stack", "name"), list(values()))
def test_a_stack_notices_one_changed_letter(stack: Stack, name: str, place: Place, built: Built) -> None:
    """A program that expects one other letter fails, and says which value it got."""
    folder = built(stack)
    environment = environment_of(place, stack, (stack.variants or [""])[0])
    right = environment[name]
    environment[name] = with_one_letter_changed(right)
    done = execute(stack.run, folder, environment)
    assert done.returncode == 1, done.stdout
    failed = [words for verdict, _, words in _LINE.findall(done.stdout) if verdict == "failed"]
    assert len(failed) == 1, done.stdout
    assert environment[name] in failed[0], done.stdout
    assert right in failed[0], done.stdout


@pytest.mark.parametrize(
    "stack",
    [pytest.param(one, id=one.folder, marks=pytest.mark.xdist_group(one.folder)) for one in STACKS if one.warns],
)
def test_every_warning_about_the_wsdl_has_its_reason(stack: Stack, built: Built) -> None:
    """The stack's tools warn of nothing but what is listed, and of all that is listed."""
    lines = (built(stack) / "build.log").read_text(encoding="utf-8").splitlines()
    found = [line.strip() for line in lines if re.search(stack.warns, line)]
    unlisted = [line for line in found if not any(re.search(pattern, line) for pattern in stack.warnings)]
    assert unlisted == []
    gone = [pattern for pattern in stack.warnings if not any(re.search(pattern, line) for line in found)]
    assert gone == []
