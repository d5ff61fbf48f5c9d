"""The control calls of a test double, in one process."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from support.command import run_here
from support.envelopes import Answer, Call, Credentials, envelope, read_answer
from synclead.app import create_app, open_store
from synclead.settings import load_settings

USER = Credentials("test1_1", "a key of the test")
SOAP = "/soap/mktows/2_7"
NOON = "2026-01-31T12:00:00Z"
DECLARATION = """
[[subscription]]
name = "First"
munchkin_account = "100-AAA-001"
first_lead_id = 500
limits = { calls_per_day = 3 }
policy = { unknown_fields = "create" }
api_users = [ { id = "test1_1", encryption_key_env = "TEST_KEY" } ]
fields = [ { name = "Colour", type = "string" } ]
"""


@pytest.fixture
def declaration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one subscription, whose key stands in the environment."""
    monkeypatch.setenv("TEST_KEY", USER.key)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "subscriptions.toml"
    file.write_text(DECLARATION, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a test double whose clock stands at noon."""
    file = tmp_path_factory.mktemp("double") / "subscriptions.toml"
    file.write_text(DECLARATION, encoding="utf-8")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TEST_KEY", USER.key)
        client = _serving(file, clock=NOON)
    with client:
        yield client


@pytest.fixture
def client(running: TestClient) -> TestClient:
    """The same, begun anew."""
    _post(running, "reset", {})
    return running


def _serving(file: Path, **options: Any) -> TestClient:
    settings = load_settings(ephemeral=True, apply=file, **options)
    return TestClient(create_app(settings, open_store(settings)), client=("127.0.0.1", 40000))


def _sync(client: TestClient, call: Call, timestamp: str = NOON) -> Answer:
    response = client.post(SOAP, content=envelope(call, USER, timestamp))
    return read_answer(response.status_code, response.content)


def _post(client: TestClient, name: str, body: object) -> Any:
    response = client.post(f"/control/{name}", content=json.dumps(body))
    assert response.status_code == 200, response.text
    return response.json()


def test_leads_are_shown_as_the_command_shows_them(client: TestClient, declaration: Path, tmp_path: Path) -> None:
    """By Id, all or those of an Email or an Id, in the very JSON of `synclead lead show --json`."""
    calls = [Call(email=f"{name}@t.com", attributes=(("Colour", "blue"),)) for name in "ab"]
    assert [_sync(client, call).lead_id for call in calls] == [500, 501]
    found = client.get("/control/leads").json()
    assert [one["email"] for one in found] == ["a@t.com", "b@t.com"]
    assert client.get("/control/leads?email=B@t.com").json() == found[1:]
    assert client.get("/control/leads?id=500&subscription=first").json() == found[:1]
    assert client.get("/control/leads?id=7").json() == []
    url = f"sqlite:///{tmp_path}/file.db"
    environment = {"TEST_KEY": USER.key}
    run_here("apply", str(declaration), "--database-url", url, environment=environment, directory=tmp_path)
    settings = load_settings(database_url=url)
    with TestClient(create_app(settings, open_store(settings))) as lasting:
        assert _sync(lasting, calls[0], "").fault_code == "20014"
        assert lasting.get("/control/leads").status_code == 404
        response = lasting.post(SOAP, content=envelope(calls[0], USER))
        assert read_answer(response.status_code, response.content).lead_id == 500
    shown = run_here("lead", "show", "500", "--json", "--database-url", url, environment={}, directory=tmp_path)
    document = json.loads(shown.out)
    times = {"created_at", "updated_at", "activities"}
    assert {name: document[name] for name in document if name not in times} == {
        name: found[0][name] for name in found[0] if name not in times
    }
    assert document.keys() == found[0].keys()
    assert [one.keys() for one in document["activities"]] == [one.keys() for one in found[0]["activities"]]


def test_the_clock_is_the_servers_time(client: TestClient) -> None:
    """Times of leads and activities, the age of signatures and the day of the limits follow it."""
    assert client.get("/control/clock").json() == {"now": NOON, "stands": True}
    _sync(client, Call(email="t@t.com"))
    assert _post(client, "clock", {"advance": 901}) == {"now": "2026-01-31T12:15:01Z", "stands": True}
    assert _sync(client, Call(email="t@t.com")).fault_code == "20016"
    _sync(client, Call(email="t@t.com"), "2026-01-31T12:15:01Z")
    (lead,) = client.get("/control/leads").json()
    assert (lead["created_at"], lead["updated_at"]) == ("2026-01-31T12:00:00.000Z", "2026-01-31T12:00:00.000Z")
    assert {one["at"] for one in lead["activities"]} == {"2026-01-31T12:00:00.000Z"}
    for _ in range(2):
        answer = _sync(client, Call(email="t@t.com"), "2026-01-31T12:15:01Z")
    assert answer.fault_code == "20015"
    tomorrow = "2026-02-01T13:15:01+01:00"
    assert _post(client, "clock", {"now": tomorrow}) == {"now": "2026-02-01T12:15:01Z", "stands": True}
    assert _sync(client, Call(email="t@t.com"), tomorrow).status == "UPDATED"


def test_faults_are_asked_for(client: TestClient) -> None:
    """A control call says how many calls, and shows what waits; the faults come, and then no more."""
    assert _post(client, "faults", {"code": 20023, "calls": 2}) == [
        {"calls": 2, "code": 20023, "written": False, "wait": 0.0}
    ]
    _post(client, "faults", {"code": 20011, "written": True})
    _post(client, "faults", {"wait": 0.01})
    call = Call(email="t@t.com")
    assert [_sync(client, call).fault_code for _ in range(3)] == ["20023", "20023", "20011"]
    assert client.get("/control/faults").json() == [{"calls": 1, "code": None, "written": False, "wait": 0.01}]
    assert _sync(client, call).status == "UPDATED"
    assert client.get("/control/faults").json() == []


def test_reset_begins_anew(client: TestClient) -> None:
    """No leads, faults, counted calls or remembered calls; Ids, the clock and made fields as at the start."""
    call = Call(email="t@t.com", attributes=(("Colour", "blue"), ("Made", "x")))
    _post(client, "clock", {"advance": 60})
    answers = [_sync(client, call, "2026-01-31T12:01:00Z") for _ in range(4)]
    assert [one.status for one in answers] == ["CREATED", "UPDATED", "UPDATED", None]
    _post(client, "faults", {"code": 20011, "calls": 9})
    assert _post(client, "reset", {}) == {}
    assert client.get("/control/leads").json() == client.get("/control/calls").json() == []
    assert client.get("/control/clock").json()["now"] == NOON
    again = _sync(client, call)
    assert (again.status, again.lead_id) == ("CREATED", 500)


def test_the_last_calls_are_known(client: TestClient) -> None:
    """Who called, what it came to and when, without a value of the lead."""
    _sync(client, Call(email="secret@t.com"))
    _sync(client, Call(email="secret@t.com"), "2020-01-01T00:00:00Z")
    _sync(client, Call(id="7"))
    found = client.get("/control/calls").json()
    assert [(one["outcome"], one["fault"], one["lead"]) for one in found] == [
        ("CREATED", None, 500),
        (None, 20016, None),
        (None, 20103, None),
    ]
    assert {(one["at"], one["user"]) for one in found} == {(NOON, USER.user)}
    assert "secret" not in json.dumps(found)


def test_no_more_calls_are_kept_than_said(declaration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go."""
    monkeypatch.setattr("synclead.control.MOST_CALLS", 2)
    with _serving(declaration) as client:
        for body in (b"", b"<no/>", b"<no/>"):
            client.post(SOAP, content=body)
        _sync(client, Call(email="t@t.com"), "2020-01-01T00:00:00Z")
        assert [one["fault"] for one in client.get("/control/calls").json()] == [20012, 20016]


BAD_CALLS = [
    ("faults", b"{", "not JSON"),
    ("faults", b"\xff\xfe", "not JSON"),
    ("faults", b"[" * 60_000, "not JSON"),
    ("faults", b"[]", "Expected `object`"),
    ("faults", b"{}", "neither a code nor a wait"),
    ("faults", b'{"code": 20012}', "code = 20012"),
    ("faults", b'{"code": "20015"}', 'code = "20015"'),
    ("faults", b'{"code": 20015, "calls": 0}', "calls = 0"),
    ("faults", b'{"code": 20015, "calls": 1.5}', "calls = 1.5"),
    ("faults", b'{"code": 20015, "calls": true}', "calls = true"),
    ("faults", b'{"code": 20015, "count": 3}', "`count`"),
    ("faults", b'{"code": 20015, "written": true}', "written = true"),
    ("faults", b'{"wait": -1}', "wait = -1"),
    ("faults", b'{"wait": 601}', "wait = 601"),
    ("faults", b'{"wait": 1e999}', "out of range"),
    ("faults", b" " * 65_537, "65536 bytes"),
    ("clock", b"{}", "either now"),
    ("clock", b'{"now": "2026-01-31T12:00:00Z", "advance": 1}', "either now"),
    ("clock", b'{"now": "2026-01-31T12:00:00"}', 'now = "2026-01-31T12:00:00"'),
    ("clock", b'{"now": "noon"}', 'now = "noon"'),
    ("clock", b'{"now": "1969-12-31T23:00:00Z"}', "1969-12-31"),
    ("clock", b'{"advance": 1e300}', "1e+300"),
]
BAD_SELECTIONS = [
    ("?name=x", "name selects no leads"),
    ("?email=x", "'x'"),
    ("?id=x", "'x'"),
    ("?subscription=Second", "there are: First"),
]


def test_a_bad_control_call_names_the_value(client: TestClient) -> None:
    """HTTP 400 with one sentence in JSON, and nothing is changed."""
    answers = [client.post(f"/control/{name}", content=body) for name, body, _ in BAD_CALLS]
    answers += [client.get(f"/control/leads{query}") for query, _ in BAD_SELECTIONS]
    words = [one[-1] for one in (*BAD_CALLS, *BAD_SELECTIONS)]
    for answer, part in zip(answers, words, strict=True):
        assert (answer.status_code, part in answer.json()["error"]) == (400, True), answer.text
    assert client.get("/control/faults").json() == []
    assert client.get("/control/clock").json()["now"] == NOON


def test_more_leads_than_one_answer_has_are_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes a part of the leads for all of them."""
    monkeypatch.setattr("synclead.control.MOST_CALLS", 1)
    for name in "ab":
        _sync(client, Call(email=f"{name}@t.com"))
    response = client.get("/control/leads")
    assert (response.status_code, "more than 1 leads" in response.json()["error"]) == (400, True)
    assert len(client.get("/control/leads?email=a@t.com").json()) == 1


def test_of_several_subscriptions_one_is_named(tmp_path: Path, declaration: Path) -> None:
    """The refusal says how, and which there are."""
    declaration.write_text(
        DECLARATION + '[[subscription]]\nname = "Second"\nmunchkin_account = "100-AAA-002"\n', encoding="utf-8"
    )
    with _serving(declaration) as client:
        error = client.get("/control/leads").json()["error"]
        assert ("?subscription=" in error, "First, Second" in error) == (True, True)
        assert client.get("/control/leads?subscription=100-aaa-002").json() == []


def test_no_browser_page_plays_with_it(client: TestClient) -> None:
    """A request with an Origin header is refused, whatever it asks for."""
    for method, path in (("POST", "/control/reset"), ("GET", "/control/leads"), ("GET", "/control/nothing")):
        response = client.request(method, path, headers={"Origin": "http://127.0.0.1:8080"})
        assert (response.status_code, "browser" in response.json()["error"]) == (403, True)


def test_other_paths_and_methods_are_answered_in_json(client: TestClient) -> None:
    """Whoever mistypes one hears so."""
    assert client.get("/control/reset").status_code == 405
    response = client.post("/control/leed")
    assert (response.status_code, "POST /control/leed" in response.json()["error"]) == (404, True)
    assert client.get("/healthz").status_code == 200
    assert client.get("/nothing").text == "There is nothing here.\n"


def test_nothing_is_on_the_disk(declaration: Path, tmp_path: Path) -> None:
    """The folder has what was there before."""
    with _serving(declaration) as client:
        response = client.post(SOAP, content=envelope(Call(email="t@t.com"), USER))
    assert read_answer(response.status_code, response.content).status == "CREATED"
    assert [one.name for one in tmp_path.iterdir()] == ["subscriptions.toml"]


def test_a_declaration_that_cannot_be_applied_stops_the_start(declaration: Path, tmp_path: Path) -> None:
    """With the sentences of `synclead apply`, and exit code 1."""
    declaration.write_text("[[subscription]]\nname = 3\n", encoding="utf-8")
    for file, words in ((declaration, "munchkin_account"), (tmp_path / "none.toml", "none.toml")):
        ran = run_here("serve", "--ephemeral", "--port=0", f"--apply={file}", environment={}, directory=tmp_path)
        assert (ran.code, words in ran.err, "Traceback" in ran.err) == (1, True, False)
