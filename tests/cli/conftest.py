"""Runs the real commands, as the entry point does, against a database of their own."""

from pathlib import Path

import pytest

from support.command import Ran, Run
from synclead.cli.main import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs `synclead` with arguments in a directory of its own, without a SYNCLEAD_ variable."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "MASTER_KEY", "MASTER_KEY_FILE", "URL", "API_USER", "API_KEY"):
        monkeypatch.delenv(f"SYNCLEAD_{name}", raising=False)

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["synclead", *arguments])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run
