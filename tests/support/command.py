"""Running the real command line inside a test."""

import io
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from synclead.cli.main import main


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def run_here(*words: str, environment: Mapping[str, str], directory: Path) -> Ran:
    """Runs `synclead` by the program's own entry, in this process: one of its own needs a second to load."""
    written, err = io.BytesIO(), io.StringIO()
    out = io.TextIOWrapper(written, encoding="utf-8", newline="", write_through=True)
    with (
        patch.dict(os.environ, environment, clear=True),
        patch.object(sys, "argv", ["synclead", *words]),
        chdir(directory),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ran(code, written.getvalue().decode(), err.getvalue())
