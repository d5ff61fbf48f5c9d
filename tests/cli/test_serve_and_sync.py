"""`synclead serve` and `sync` as processes of their own, as a user has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.server import Server, running_server

DECLARATION = """
[[subscription]]
name = "Example Corp"
munchkin_account = "561-HYG-937"
first_lead_id = 1000001
workspaces_enabled = true
partitions = ["Default", "Europe"]
workspaces = [
    { name = "Default", primary_partition = "Default" },
    { name = "EMEA", primary_partition = "Europe" },
]
api_users = [{ id = "bigcorp1_46", encryption_key = "secret-1" }]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo server that also serves a declared subscription; commands find it by the environment."""
    with running_server(tmp_path_factory.mktemp("server"), DECLARATION, options=["--demo"]) as server:
        server.environment |= {
            "SYNCLEAD_URL": f"http://127.0.0.1:{server.port}",
            "SYNCLEAD_API_USER": "bigcorp1_46",
            "SYNCLEAD_API_KEY": "secret-1",
        }
        yield server


def test_a_call_creates_then_updates(server: Server) -> None:
    """The first call creates the lead, the second finds it; the lead is shown on demand."""
    first = server.run("sync", "Email=t@t.com", "FirstName=George", "LastName=of the Jungle")
    second = server.run("sync", "email=T@t.com", "ForeignSysPersonId=X-1", "ForeignSysType=custom", "--return-lead")

    assert first == "CREATED lead 1000001\n"
    assert second.splitlines() == [
        "UPDATED lead 1000001",
        "Id\t1000001",
        "Email\tt@t.com",
        "ForeignSysPersonId\tX-1",
        "ForeignSysType\tCUSTOM",
        "FirstName\tGeorge",
        "LastName\tof the Jungle",
    ]


def test_commands_work_beside_the_server(server: Server) -> None:
    """A field that is added while the server runs is known to its next call."""
    server.run("fields", "add", "ShoeSize", "--type", "integer", "--subscription", "Example Corp")

    server.run("sync", "Email=shoe@t.com", "ShoeSize=43", "--workspace", "emea")

    shown = server.run("lead", "show", "shoe@t.com", "--subscription", "561-HYG-937")
    assert "ShoeSize\t43" in shown.splitlines()
    assert "Partition\tEurope" in shown.splitlines()


@pytest.mark.parametrize(
    ("pair", "sentence"),
    [
        ("Id=7", "No lead found with ID = 7 (20103)"),
        ("Id=seven", "Bad value for Id: "),
        ("FirstName=\a", "U+0007"),
        ("ForeignSysType=SAP", "'SAP' is none of CUSTOM"),
        ("Pants=long", "unknown fields for import: Pants (20105)"),
    ],
)
def test_a_fault_is_one_sentence(server: Server, pair: str, sentence: str) -> None:
    """A refused call ends with 1, and the sentence of the fault on stderr."""
    done = server.command("sync", pair, "ForeignSysPersonId=X-9")

    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_demo_user_is_taken_on_this_machine(server: Server) -> None:
    """Without user and key a call to this machine is the demo user's."""
    kept = dict(server.environment)
    server.environment.pop("SYNCLEAD_API_USER")
    server.environment.pop("SYNCLEAD_API_KEY")

    done = server.command("sync", "Email=demo@t.com")

    server.environment.update(kept)
    assert (done.returncode, done.stdout) == (0, "CREATED lead 1\n")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SYNCLEAD_API_KEY": "wrong"}, "20014"),
        ({"SYNCLEAD_API_KEY": ""}, "set SYNCLEAD_API_KEY in the environment"),
        ({"SYNCLEAD_URL": "http://127.0.0.1:1"}, "127.0.0.1 did not answer on port 1: Connection refused"),
        ({"SYNCLEAD_URL": "http://127.0.0.1:x"}, "x"),
        ({"SYNCLEAD_URL": "leads"}, "not the URL of a server"),
    ],
)
def test_a_call_that_cannot_be_made_is_refused(
    server: Server, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    """A wrong or missing key and a server that is not there are refused in one sentence, without a key in it."""
    other = Server(tmp_path, environment=server.environment | changes)

    done = other.command("sync", "Email=t@t.com")

    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "secret-1" not in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--workers", "2"], "an SQLite file has one serving process"),
        (["--demo", "--host", "0.0.0.0"], "loopback"),
        (["--host", "0.0.0.0"], "--insecure-http"),
        (["--log-level", "loud"], "--log-level"),
        (["--database-url", "postgresql://u@/db?host=/nowhere"], "cannot be opened"),
    ],
)
def test_settings_that_cannot_be_served_are_refused(tmp_path: Path, options: list[str], words: str) -> None:
    """A server that must not start says why in one sentence and ends with 1."""
    server = Server(tmp_path)
    server.database_url = options[1] if options[0] == "--database-url" else server.database_url

    done = server.command("serve", *options)

    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_second_server_is_refused(server: Server) -> None:
    """One process serves an SQLite file; the other is told so."""
    done = server.command("serve", "--port", "0")

    assert done.returncode == 1
    assert "another process serves" in done.stderr
