"""The server for tests, as a process of its own."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import pytest

from synclead.client import FaultError, LeadToSync
from synclead.store.declaration_table import DeclarationError
from synclead.testing import ControlRefusedError, DoubleError, RunningServer, running

T = LeadToSync(email="t@t.com", attributes={"FirstName": "George"})
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ENDED_WITHIN = 20.0


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, Path]]:
    """A server, and the empty folder that it was started in; its clock stands at noon."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("work")
    os.chdir(folder)
    try:
        with running(clock=NOON) as server:
            yield server, folder
    finally:
        os.chdir(before)


@pytest.fixture
def server(process: tuple[RunningServer, Path]) -> RunningServer:
    """The server, as new."""
    process[0].reset()
    return process[0]


def test_calls_and_control_calls_go_to_one_server(server: RunningServer) -> None:
    """What a client writes is what the test looks at."""
    synced = server.client().sync_lead(T)
    lead = server.lead("T@t.com")
    assert lead == server.lead(synced.lead_id)
    assert lead is not None
    assert (lead["id"], lead["fields"], lead["created_at"]) == (1, {"FirstName": "George"}, "2026-01-31T12:00:00.000Z")
    assert (server.leads(), server.leads(email="none@t.com"), server.lead(7)) == ([lead], [], None)
    assert [(one["outcome"], one["lead"]) for one in server.calls()] == [("CREATED", 1)]


def test_faults_waits_and_the_clock_are_asked_for(server: RunningServer) -> None:
    """A written 20011 leaves its lead; the client of the server signs with its time."""
    client = server.client()
    server.fail(20015)
    server.fail(20011, written=True)
    server.wait(0.2)
    codes = []
    for _ in range(2):
        with pytest.raises(FaultError) as caught:
            client.sync_lead(T)
        codes.append(caught.value.code)
    began = monotonic()
    assert client.sync_lead(T).status == "UPDATED"
    assert monotonic() - began >= 0.2
    assert codes == ["20015", "20011"]
    server.set_clock(NOON + timedelta(days=365))
    server.advance(-60)
    assert server.now() == NOON + timedelta(days=365, seconds=-60)
    assert client.sync_lead(LeadToSync(email="new@t.com")).status == "CREATED"


def test_several_leads_of_an_email_are_not_one(server: RunningServer) -> None:
    """`lead` does not choose among them."""
    client = server.client()
    for foreign in "ab":
        client.sync_lead(LeadToSync(foreign_id=foreign, foreign_type="CUSTOM", attributes={"Email": "t@t.com"}))
    assert len(server.leads(email="t@t.com")) == 2
    with pytest.raises(LookupError, match="2 leads"):
        server.lead("t@t.com")


def test_what_cannot_be_asked_for_names_the_value(server: RunningServer) -> None:
    """As the control call does."""
    with pytest.raises(ControlRefusedError, match="20012"):
        server.fail(20012)
    with pytest.raises(ControlRefusedError, match="2026-01-31T12:00:00"):
        server.set_clock(datetime(2026, 1, 31, 12))


def test_calls_and_looks_at_once_do_not_disturb_each_other(server: RunningServer) -> None:
    """Writers and readers of the database in memory wait for each other, and nobody in vain."""
    client = server.client(now=lambda: NOON)

    def write(name: str) -> None:
        for number in range(10):
            client.sync_lead(LeadToSync(email=f"{number}@t.com", attributes={"FirstName": name}))

    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(write, name) for name in "abc"]
        while not all(one.done() for one in writing):
            server.leads()
        for one in writing:
            one.result()
    assert len(server.leads()) == 10
    assert [call["fault"] for call in server.calls()] == [None] * 30


def test_nothing_of_it_is_on_the_disk(server: RunningServer, process: tuple[RunningServer, Path]) -> None:
    """No file is open but devices and the log's pipe, and the folder it was started in is empty."""
    server.client().sync_lead(T)
    child = server._process._child.pid
    files = [os.readlink(one) for one in Path(f"/proc/{child}/fd").iterdir()]
    kept = [one for one in files if one.startswith("/") and not one.startswith("/dev/")]
    assert kept == []
    assert list(process[1].iterdir()) == []


def test_it_listens_on_loopback(server: RunningServer) -> None:
    """Its control calls need no key, so nobody else may reach it."""
    place = urlsplit(server.url)
    assert place.hostname == "127.0.0.1"
    connection = http.client.HTTPConnection("127.0.0.1", place.port or 0, timeout=10)
    connection.request("GET", "/readyz")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    ("declaration", "error", "words"),
    [
        ("[[subscription]]\n", DeclarationError, "munchkin_account"),
        ('[[subscription]]\nname = "A"\nmunchkin_account = "100-AAA-001"\n', DoubleError, "api_users"),
    ],
)
def test_a_declaration_without_a_user_is_refused(declaration: str, error: type[Exception], words: str) -> None:
    """Before a process is started."""
    with pytest.raises(error, match=words), running(declaration):
        pass


@pytest.mark.long
def test_a_server_that_cannot_start_says_why() -> None:
    """The error has the sentence of the program."""
    with pytest.raises(DoubleError, match="--workers"), running(options=["--workers=2"]):
        pass


@pytest.mark.long
def test_own_subscriptions_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first user of the declaration calls; settings for a server of another kind do not reach it, keys do."""
    monkeypatch.setenv("SYNCLEAD_DATABASE_URL", "sqlite:///real.db")
    monkeypatch.setenv("SYNCLEAD_OWN_KEY", "a key")
    declaration = (
        '[[subscription]]\nname = "A"\nmunchkin_account = "100-AAA-001"\nfirst_lead_id = 70\n'
        'api_users = [ { id = "a1", encryption_key_env = "SYNCLEAD_OWN_KEY" } ]\n'
        '[[subscription]]\nname = "B"\nmunchkin_account = "100-AAA-002"\n'
    )
    with running(declaration, options=["--value-limit=10"]) as server:
        assert (server.munchkin_account, server.user, server.key) == ("100-AAA-001", "a1", "a key")
        assert server.client().sync_lead(LeadToSync(email="t@t.com")).lead_id == 70
        with pytest.raises(FaultError, match="10 characters"):
            server.client().sync_lead(LeadToSync(email="t@t.com", attributes={"FirstName": "x" * 11}))
        assert server.leads(subscription="B") == []
        os.kill(server._process._child.pid, signal.SIGKILL)
        server._process._child.wait()
        with pytest.raises(DoubleError, match="did not answer"):
            server.leads(subscription="A")
    assert not Path("real.db").exists()


TESTS = """
import os
from pathlib import Path
from synclead.client import LeadToSync
{imports}

def test_one(server):
    assert server.client().sync_lead(LeadToSync(email="t@t.com")).lead_id == 1
    server.fail(20015, 9)
    server.advance(1e6)

def test_two(server):
    assert server.leads() == server.calls() == []
    assert server.client().sync_lead(LeadToSync(email="t@t.com")).lead_id == 1
    Path("pid").write_text(str(server._process._child.pid))
    {ending}
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("imports", "ending", "code"),
    [
        ('pytest_plugins = ["synclead.testing"]', "", 0),
        ("from synclead.testing import server", "assert False", 1),
        ('pytest_plugins = ["synclead.testing"]', "os.kill(os.getpid(), 9)", -9),
    ],
)
def test_the_fixture_is_as_new_for_every_test_and_ends_with_pytest(
    tmp_path: Path, imports: str, ending: str, code: int
) -> None:
    """However it is asked for, and however pytest ends: killed too, no server is left."""
    (tmp_path / "test_it.py").write_text(TESTS.format(imports=imports, ending=ending), encoding="utf-8")
    pytest_run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(pytest_run, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == code, done.stdout
    pid = int((tmp_path / "pid").read_text())
    deadline = monotonic() + ENDED_WITHIN
    while _runs(pid) and monotonic() < deadline:
        sleep(0.05)
    assert not _runs(pid)


@pytest.mark.long
def test_without_pytest_there_is_the_server_alone(tmp_path: Path) -> None:
    """The package needs pytest for the fixture, and for nothing else."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['pytest'] = None\n", encoding="utf-8")
    program = "import synclead.testing as t; print(sorted(t.__all__), hasattr(t, 'server'))"
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['ControlRefusedError', 'DoubleError', 'RunningServer', 'running'] False"


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
