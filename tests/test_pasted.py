"""Commands that people are told to run do what they say when they are pasted, whatever name stands in them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.world import subscription
from synclead.leads.columns import ColumnsError, RowOptions, read_columns
from synclead.pasted import marked, option, word
from synclead.soap.advice import advise

NAMES = [
    "$(touch pwned)", "`touch pwned`", "x`touch pwned`y", "; touch pwned", "| touch pwned", "& touch pwned", "&& touch pwned",
    "> pwned", "it's", "'; touch pwned; '", '"; touch pwned; "', "a b", "-rf", "--type", "*", "~", "!!", "$HOME", "\\", "#",
    "{a,b}", "(touch pwned)", "Größe", "価格", "a\\", "$'x'", "%s", "=cmd", "Hat",
]  # fmt: skip
UNSEEN = ["touch\u202epwned", "a\nb", "a\x1b[2Jb", "zero\u200bwidth", "tab\tbed"]


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A folder with a program that writes its arguments down, under our name."""
    program = tmp_path / "bin" / "synclead"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\nopen('ran', 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
    )
    program.chmod(0o755)
    return tmp_path


def pasted(shell: Path, line: str) -> list[list[str]]:
    """What a line runs in a shell: the arguments of each command; nothing else may have happened."""
    (shell / "ran").unlink(missing_ok=True)
    environment = {"PATH": f"{shell / 'bin'}:/usr/bin:/bin", "HOME": str(shell)}
    subprocess.run(["sh", "-c", line], cwd=shell, env=environment, check=True, timeout=20)
    assert {entry.name for entry in shell.iterdir()} == {"bin", "ran"}
    return [json.loads(one) for one in (shell / "ran").read_text().splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_the_advice_for_an_unknown_field_can_be_pasted(shell: Path, name: str) -> None:
    """The name arrives as it is, and nothing of it is run; with another one beside it, too."""
    for names in ([name], ["Plain", name]):
        told = advise(20105, {"unknown_fields": names})
        found = re.search(r"(?:`|: )(synclead fields add .*?)(?:`[,.]|$)", told)
        assert found is not None, told
        line = found[1].replace("` and `", "; ") if name == "Hat" else found[1]
        ran = pasted(shell, line)
        assert [set(one) - {"fields", "add", "--type", "string", "--"} or {"--type"} for one in ran] == [
            {one} for one in names
        ]


@pytest.mark.parametrize("name", NAMES)
def test_the_advice_for_an_unknown_column_can_be_pasted(shell: Path, name: str) -> None:
    """As the options of an import."""
    with pytest.raises(ColumnsError) as caught:
        read_columns(["Email", name], subscription(), RowOptions())
    line = str(caught.value).rpartition("leave the column out with ")[2]
    ran = pasted(shell, f"synclead import leads.csv {line}")
    assert ran[0][:2] == ["import", "leads.csv"]
    assert "=".join(ran[0][2:]) == f"--ignore-column={name}"


@pytest.mark.parametrize("name", UNSEEN)
def test_a_name_that_is_not_shown_as_it_is_stands_in_no_command(name: str) -> None:
    """What would be pasted is its marks; that there are such characters is said."""
    assert word(name) is None
    assert option("--x", name) is None
    told = advise(20105, {"unknown_fields": [name, "Hat hat"]})
    assert "1 of the names has characters that are not seen" in told
    assert told.endswith("synclead fields add --type string -- 'Hat hat'")
    assert "fields add" not in advise(20105, {"unknown_fields": [name]})
    with pytest.raises(ColumnsError) as caught:
        read_columns(["Email", name, "Hat"], subscription(), RowOptions())
    assert str(caught.value).endswith(
        "--ignore-column Hat (and rename those whose names have characters that are not seen)"
    )


def test_a_command_with_a_backtick_has_none_around_it() -> None:
    """It would end there."""
    assert marked("synclead import x.csv") == "`synclead import x.csv`"
    assert marked("synclead import 'x`y.csv'") == "synclead import 'x`y.csv'"
