"""Programs that some tests drive and a user's machine may lack."""

import os
import shutil

import pytest


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skips a test loudly where a program is missing; in CI (`SYNCLEAD_CI`) it runs, and fails, all the same."""
    missing = [program for program in programs if shutil.which(program) is None]
    skips = bool(missing) and "SYNCLEAD_CI" not in os.environ
    return pytest.mark.skipif(skips, reason=f"not installed: {', '.join(missing)}")
