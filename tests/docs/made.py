"""Makes what the documents have from the code: docs/cli.md, and two tables. `make docs` writes them all.

A command line that grows needs nothing here: Typer writes its own page.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
import typer.cli
import typer.main

from synclead.cli.main import app
from synclead.leads import identity
from synclead.metrics import figures
from synclead.settings import Settings
from synclead.settings import variable as variable_of

DOCS = Path(__file__).parents[2] / "docs"

_NOTE = "<!-- made from the program: make docs -->\n\n"
_FEW = 3
"""Commands that a row names one by one."""
_VARIABLE = re.compile(r"SYNCLEAD_[A-Z]\w*")


def documents() -> Mapping[str, str]:
    """The whole text of each document that has something from the code, by its file name, as it should be."""
    identity_text, production = _read("identity.md"), _read("production.md")
    metrics = figures.markdown()
    header = metrics.splitlines(keepends=True)[0]
    return {
        "cli.md": commands_page(),
        "identity.md": _between(identity_text, identity.BEGIN, identity.END, identity.markdown()),
        "production.md": _between(production, header, "\n\n", metrics + "\n"),
    }


def commands_page() -> str:
    """Every command with its usage, arguments, options and defaults; then every variable of the environment."""
    group = typer.main.get_command(app)
    page = typer.cli.get_docs_for_click(obj=group, ctx=typer.Context(group), name="synclead", title="The command line")
    return _NOTE + page.rstrip("\n") + "\n\n" + _environment(group)


def _environment(group: Any) -> str:
    """A row a variable: the option that it stands for, and the commands whose help says so."""
    options: dict[str, str] = {}
    readers: dict[str, list[str]] = {}
    for name, command in _commands(group, "synclead"):
        for parameter in command.params:
            variable = parameter.envvar
            if name == "synclead serve" and parameter.name in Settings.__struct_fields__:
                variable = variable_of(parameter.name)
            if variable:
                options[variable] = parameter.opts[0]
                readers.setdefault(variable, []).append(name)
        for variable in _VARIABLE.findall(command.help or ""):
            if name not in readers.setdefault(variable, []):
                readers[variable].append(name)
    lines = ["## Environment variables", "", "An option goes before its variable.", ""]
    lines += ["| variable | option | command |", "| --- | --- | --- |"]
    for variable in sorted(readers):
        option, names = options.get(variable), [f"`{one}`" for one in readers[variable]]
        where = ", ".join(names) if len(names) <= _FEW else f"every one with `{option}`"
        lines.append(f"| `{variable}` | {f'`{option}`' if option else ''} | {where} |")
    return "\n".join(lines) + "\n"


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for child in getattr(command, "commands", {}).values():
        yield from _commands(child, f"{name} {child.name}")


def _read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _between(text: str, begin: str, end: str, new: str) -> str:
    """The text with all from `begin` through the next `end` replaced. ValueError where one is not there."""
    start = text.index(begin)
    return text[:start] + new + text[text.index(end, start) + len(end) :]


def main() -> None:
    """Writes every document whose text is another one now, and says so."""
    for name, text in documents().items():
        path = DOCS / name
        if not path.exists() or _read(name) != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
