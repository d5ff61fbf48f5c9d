"""A client stack: a folder with `stack.toml` and the program that drives it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Stack:
    """What `stack.toml` says of it."""

    folder: str
    name: str
    """As `docs/clients.md` calls it."""
    run: list[str]
    """The command that does the scenario."""
    version: list[str]
    """The command that prints the stack's version."""
    programs: list[str] = field(default_factory=list)
    """What must be on the PATH."""
    files: list[str] = field(default_factory=list)
    """Files of the system, most often archives, that must be there."""
    apt: list[str] = field(default_factory=list)
    """Debian's packages."""
    shares: list[str] = field(default_factory=list)
    """Files of other stacks that its program uses too, by folder and name."""
    install: list[list[str]] = field(default_factory=list)
    """Commands that fetch the stack's own packages into the folder $INSTALLED; run in the stack's folder."""
    build: list[list[str]] = field(default_factory=list)
    """Commands that generate and compile, once, in a copy of the folder."""
    cannot: Mapping[str, str] = field(default_factory=dict)
    """Steps that the stack cannot do, each with words of the stack's own error."""
    skips: Mapping[str, str] = field(default_factory=dict)
    """Steps that mean nothing for the stack, each with the reason."""
    more: bool = False
    """Whether it does the steps of MORE too."""
    variants: list[str] = field(default_factory=list)
    """Values of VARIANT under which the whole scenario is run again."""
    warns: str = ""
    """A regular expression of the lines of the build that are warnings about the WSDL."""
    warnings: Mapping[str, str] = field(default_factory=dict)
    """Each such line, as a regular expression, and why it stays."""
    sends: list[str] = field(default_factory=list)
    """Regular expressions that what it sends must match: what makes it this stack."""

    @property
    def missing(self) -> list[str]:
        """What is not installed here."""
        return [one for one in self.programs if shutil.which(one) is None] + [
            one for one in self.files if not Path(one).exists()
        ]


def load(folder: str) -> Stack:
    """The stack in one folder. TypeError names a key that is none of ours."""
    text = (FOLDER / folder / "stack.toml").read_text(encoding="utf-8")
    return Stack(folder, **tomllib.loads(text))


def installed(stack: Stack) -> Path:
    """Where the packages of its own are; the programs find it as $INSTALLED."""
    return FOLDER.parents[1] / ".conformance" / "packages" / stack.folder


STACKS = tuple(load(path.parent.name) for path in sorted(FOLDER.glob("*/stack.toml")))
"""Every stack, by the name of its folder."""


class BuildError(Exception):
    """A stack's tools did not generate or compile."""


def build(stack: Stack, target: Path, environment: dict[str, str]) -> str:
    """Copies the folder to `target` and runs its build commands there; what they printed."""
    shutil.copytree(FOLDER / stack.folder, target)
    for shared in stack.shares:
        shutil.copy(FOLDER / shared, target)
    printed = ""
    for command in stack.build:
        done = execute(command, target, environment | {"INSTALLED": str(installed(stack))}, seconds=600)
        printed += done.stdout
        if done.returncode != 0:
            raise BuildError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-4000:]}")
    return printed


def execute(
    command: list[str], directory: Path, environment: Mapping[str, str], *, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs a command; its output and errors together."""
    home = directory / "home"
    home.mkdir(exist_ok=True)
    inherited = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}
    return subprocess.run(
        command,
        cwd=directory,
        env=inherited | {"HOME": str(home), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"} | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
        check=False,
    )
