"""The benchmarks run on the system's Python, in an environment that is made again when what it is made of changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import install, python
from bench.errors import NotMeasuredError
from bench.machine import python_build
from support.tools import needs

FAKE = """\
#!/bin/sh
case "$2" in
venv) rm -rf "$4" && mkdir -p "$4/bin" && touch "$4/bin/python" ;;
*) echo {version} ;;
esac
"""
Ran = list[list[str]]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ran:
    """A system whose Python makes environments that do nothing; the commands of pip, which are not run."""
    commands: Ran = []

    def run(command: list[str], *_: object) -> None:
        commands.append(command)
        if "--fail" in python.REQUIREMENTS.read_text(encoding="utf-8"):
            raise SystemExit("pip failed")

    monkeypatch.setattr(install, "_run", run)
    monkeypatch.setattr(python, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.setattr(python, "FOLDER", tmp_path / "venv")
    python.REQUIREMENTS.write_text("lxml==6.0", encoding="utf-8")
    system(monkeypatch, tmp_path, "3.11.2")
    return commands


def system(monkeypatch: pytest.MonkeyPatch, folder: Path, version: str) -> None:
    """The system's Python has another version."""
    program = folder / f"python-{version}"
    program.write_text(FAKE.format(version=version), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(python, "SYSTEM", program)


def test_the_environment_is_made_once(ran: Ran) -> None:
    """From the lock, every hash checked; the next time nothing is done."""
    assert python.main() == 1
    install.make_python(python.FOLDER)
    assert [command[-2:] for command in ran] == [["-r", str(python.REQUIREMENTS)], ["--editable", "."]]
    assert "--require-hashes" in ran[0]
    assert python.main() == 0
    install.make_python(python.FOLDER)
    assert len(ran) == 2


def test_what_it_is_made_of_changes(ran: Ran, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other packages and another Python make it anew, and until then nothing is measured."""
    for change in (
        lambda: python.REQUIREMENTS.write_text("lxml==6.1", encoding="utf-8"),
        lambda: system(monkeypatch, tmp_path, "3.12.1"),
        lambda: (python.FOLDER / "bin" / "python").unlink(),
    ):
        install.make_python(python.FOLDER)
        assert python.main() == 0
        change()
        assert python.main() == 1


def test_half_an_environment_is_none(ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    """Where pip fails, also over one that was whole, `make bench` says what to do."""
    install.make_python(python.FOLDER)
    python.REQUIREMENTS.write_text("--fail", encoding="utf-8")
    with pytest.raises(SystemExit, match="pip failed"):
        install.make_python(python.FOLDER)
    python.REQUIREMENTS.write_text("lxml==6.0", encoding="utf-8")
    assert python.main() == 1
    assert "run make bench-setup first" in capsys.readouterr().err


def test_a_python_that_is_too_old_is_refused(ran: Ran, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its version is named, and so is a Python that is not there."""
    system(monkeypatch, tmp_path, "3.9.18")
    with pytest.raises(SystemExit, match=r"is 3\.9\.18: 3\.11 is needed"):
        install.make_python(python.FOLDER)
    monkeypatch.setattr(python, "SYSTEM", tmp_path / "nowhere")
    with pytest.raises(NotMeasuredError, match="nowhere does not start"):
        python.version()
    assert ran == []


@needs("dpkg-query")
def test_the_results_say_whose_python_it_is(tmp_path: Path) -> None:
    """The package and its version, or that it is of none; never a folder."""
    assert python_build(Path("/usr/bin/dpkg-query")).startswith("package dpkg 1.")
    own = python_build(tmp_path / "python3.11")
    assert own.startswith("of no distribution's package, compiled by ")
    assert "/" not in own
