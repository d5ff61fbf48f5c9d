"""Reads the named statements of a database from its folder of SQL files.

A statement begins with two comment lines: `-- name: NAME` and one line that says what it is for.
A text that several statements share begins with `-- part: NAME` and is put where `{NAME}` stands.
"""

import re
from collections.abc import Mapping
from importlib.resources import files

_HEAD = re.compile(r"^-- (name|part): (\w+)\n-- (\S.*)\n", re.MULTILINE)


def load_statements(database: str) -> Mapping[str, str]:
    """The statements of `sql/<database>/*.sql` by name. Raises ValueError for a file not so written."""
    folder = files("synclead.store") / "sql" / database
    found: dict[str, tuple[str, str]] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        for kind, name, text in parse(file.read_text("utf-8")):
            if name in found:
                raise ValueError(f"{file.name}: {name} stands twice")
            found[name] = (kind, text)
    parts = {f"{{{name}}}": text for name, (kind, text) in found.items() if kind == "part"}
    return {name: _insert(text, parts) for name, (kind, text) in found.items() if kind == "name"}


def parse(text: str) -> list[tuple[str, str, str]]:
    """The kind (`name` or `part`), name and SQL of everything in one file."""
    pieces = _HEAD.split(text)
    if pieces[0].strip():
        raise ValueError(f"SQL before the first name: {pieces[0].strip()[:40]}")
    return [
        (kind, name, sql.strip().removesuffix(";"))
        for kind, name, sql in zip(pieces[1::4], pieces[2::4], pieces[4::4], strict=True)
    ]


def _insert(text: str, parts: Mapping[str, str]) -> str:
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return text
