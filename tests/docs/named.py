"""Tests that a document names: whether they are written where it says."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def written(file: str) -> set[str]:
    """The tests of a file by their names, those in classes with the class."""
    path = ROOT / file
    if not (path.is_file() and path.name.startswith("test_")):
        return set()
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            found |= {f"{file}::{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            found.add(f"{file}::{node.name}")
    return {test for test in found if test.rpartition("::")[2].startswith("test_")}
