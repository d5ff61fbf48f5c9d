"""What every command has: a help text for itself and for each of its options, and a fast start."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from support.command import Run
from synclead import __version__
from synclead.cli.main import app
from synclead.settings import Settings


def commands(command: Any = None, name: str = "synclead") -> Iterator[tuple[str, Any]]:
    """Every command with its full name."""
    command = command or typer.main.get_command(app)
    yield name, command
    for child_name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{name} {child_name}")


@pytest.mark.parametrize(("name", "command"), [pytest.param(*one, id=one[0]) for one in commands()])
def test_every_command_and_option_has_a_help_text(name: str, command: Any) -> None:
    """No command, argument or option is without a help text that is a sentence."""
    assert command.help
    assert command.help.strip().endswith(".")
    for parameter in command.params:
        if parameter.name != "help":
            assert (parameter.help or "").strip().endswith("."), f"{name}: {parameter.name}"


def test_every_setting_is_an_option_of_serve() -> None:
    """Whatever can be set in the environment can be set as an option."""
    options = {parameter.name for parameter in dict(commands())["synclead serve"].params}

    assert set(Settings.__struct_fields__) <= options


@pytest.mark.parametrize("name", ["serve", "apply", "sync", "lead", "visitor", "fields"])
def test_help_is_shown(run: Run, name: str) -> None:
    """`--help` of every command ends with 0 and prints to stdout."""
    ran = run(name, "--help")

    assert ran.code == 0
    assert f"synclead {name}" in ran.out
    assert ran.err == ""


def test_the_version_is_shown(run: Run) -> None:
    """`--version` prints name and version."""
    ran = run("--version")

    assert (ran.code, ran.out) == (0, f"synclead {__version__}\n")


@pytest.mark.parametrize("arguments", [["nonsense"], ["apply"], ["apply", "--nonsense"], ["lead", "show"]])
def test_wrong_usage_is_2(run: Run, arguments: list[str]) -> None:
    """A command line that cannot be understood ends with 2 and says so on stderr."""
    ran = run(*arguments)

    assert ran.code == 2
    assert ran.out == ""
    assert "Usage" in ran.err


def test_the_command_line_loads_neither_database_nor_web_server() -> None:
    """The start is fast: what only some commands need is not loaded for the others, nor are test packages."""
    code = "import sys, synclead.cli.main; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    slow = {"sqlalchemy", "alembic", "lxml", "uvicorn", "starlette", "pydantic", "cryptography", "pytest", "hypothesis"}
    assert not slow & set(loaded)


def test_an_argument_that_is_no_text_is_wrong_usage(run: Run) -> None:
    """Bytes that are not UTF-8 end with 2 and one sentence."""
    ran = run("lead", "show", "\udcff@t.com")

    assert (ran.code, ran.err) == (2, "an argument is not UTF-8 text\n")
