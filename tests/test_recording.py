"""The application records its calls in its own database, and serves whatever becomes of that."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from support.envelopes import Answer, Call, Credentials, envelope, read_answer
from support.logs import capture_logs
from support.postgres import Postgres
from synclead.app import create_app, open_store
from synclead.leads.errors import LeadNotFoundError
from synclead.settings import load_settings
from synclead.soap.recorder import Recorder
from synclead.store import schema
from synclead.store.databases import open_log_database
from synclead.store.engine import opened, reading, sqlite_path, writing
from synclead.store.forget import forget_lead
from synclead.store.request_log import Bounds, Entry, RequestLog, read_log

DEMO = Credentials("demo17_1_809934544BFABAE58E5D27", "27272727aa")
MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/leads.db"
    monkeypatch.setenv("SYNCLEAD_MASTER_KEY", MASTER_KEY)
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new_database()


def serving(url: str, **options: Any) -> TestClient:
    settings = load_settings(database_url=url, demo=True, **options)
    return TestClient(create_app(settings, open_store(settings)))


def sync(client: TestClient, call: Call) -> Answer:
    response = client.post("/soap/mktows/2_7", content=envelope(call, DEMO))
    return read_answer(response.status_code, response.content)


def entries(url: str) -> list[Entry]:
    with opened(url) as engine, reading(engine) as connection:
        (subscription_id,) = connection.execute(select(schema.subscription.c.id)).scalars().all()
        return read_log(connection, subscription_id, limit=100)


def until(url: str, count: int) -> list[Entry]:
    """The entries, as soon as there are so many."""
    deadline = monotonic() + 15
    while True:
        found = entries(url)
        if len(found) >= count:
            return found
        assert monotonic() < deadline, found
        sleep(0.05)  # between two looks


def outcomes(found: list[Entry]) -> list[Any]:
    return [entry.document["outcome"] for entry in found]


def test_calls_are_seen_while_the_server_runs(url: str) -> None:
    """Successes with their lead, faults with what was asked, unknown callers; nothing of them has a value."""
    with serving(url) as client:
        made = sync(client, Call(email="peter@t.com", attributes=(("FirstName", "Peter"),)))
        sync(client, Call(email="peter@t.com", attributes=(("Pants", "corduroy"),)))
        client.post("/soap/mktows/2_7", content=b"no XML")
        found = until(url, 3)

    assert outcomes(found) == ["CREATED", 20105, 20012]
    assert [entry.lead_id for entry in found] == [made.lead_id, None, None]
    assert [entry.subscription for entry in found] == ["Demo", "Demo", None]
    assert "<attrName>Pants</attrName>" in found[1].document["asked"]
    for value in ("peter@t.com", "Peter", "corduroy", DEMO.key):
        assert value not in repr(found)


def test_settings_decide_and_the_end_writes_what_is_left(url: str) -> None:
    """Of each kind the last ones, with values where the operator chose it; a server that stops in order loses none."""
    with serving(url, recorded_successes=28, recorded_faults=1, show_values=True) as client:
        for number in range(30):
            sync(client, Call(email=f"t{number}@t.com"))
        for email in ("a b", "no address"):
            sync(client, Call(email=email))

    found = entries(url)
    assert sorted(map(str, outcomes(found))) == ["20110", *["CREATED"] * 28]
    (fault,) = (entry for entry in found if entry.failed)
    assert "'no address' has a blank in it" in fault.document["message"]
    assert "<Email>no address</Email>" in fault.document["asked"]


XML = "text/xml; charset=utf-8"
ODD = [
    (b"", XML),
    (b"\xef\xbb\xbf", XML),
    (b"\0", XML),
    (b"\0" * 5_000, XML),
    (b"<a>caf&eacute;</a>", XML),
    (b"<a>&#xD83E;</a>", XML),
    (b"<a>&#0;</a>", XML),
    (b'<?xml version="1.0" encoding="u\0tf-8"?><a/>', XML),
    (b"<a/>", "text/xml; charset=u\0tf-8"),
    (b"<a/>", "text/xml; charset=\xff"),
    (b"<a>\x1b[31m\xc2\x9b</a>", XML),
    (b"<a " + b" ".join(b"xmlns:n%d='u'" % number for number in range(33_000)) + b"/>", XML),
    (b"<a>" + b"<b>" * 100_000, XML),
    (b"\x1f\x8b\x08\0", XML),
]
"""Bodies and Content-Types."""


@pytest.mark.parametrize("show_values", [False, True])
def test_whatever_was_sent_is_recorded_and_so_is_the_next_call(url: str, show_values: bool) -> None:
    """Each with why it cannot be shown, or what could be read of it; calls before, beside and after are whole."""
    headers = {"content-type": XML}
    with serving(url, show_values=show_values) as client:
        for sent, kind in ODD:
            sync(client, Call(email="t@t.com"))
            client.post("/soap/mktows/2_7", content=sent, headers={"content-type": kind.encode("latin-1")})
        before = until(url, 2 * len(ODD))
        client.post("/soap/mktows/2_7", content=b"no gzip", headers={**headers, "content-encoding": "gzip"})
        sync(client, Call(email="t@t.com"))
        found = until(url, 2 * len(ODD) + 2)

    assert outcomes(before)[::2] == ["CREATED", *["UPDATED"] * (len(ODD) - 1)]
    assert outcomes(found)[-2:] == [20012, "UPDATED"]
    assert all(("t@t.com" in one.document["asked"]) == show_values for one in found if not one.failed)
    faults = [one for one in found if one.failed]
    assert {one.document["outcome"] for one in faults} == {20012}
    assert [one.document["asked"].partition(":")[0] for one in faults if not one.document["asked"].startswith("<")] == [
        "[cannot be shown"
    ] * 9
    assert faults[11].document["asked"].startswith("<a/>\n[cut here: ")
    assert "[U+0000]" in faults[7].document["message"]
    assert "[U+0000]" in faults[8].document["message"]


def record(url: str, *all_facts: dict[str, Any]) -> None:
    """Calls with such facts, as a server that stops in order writes them."""

    async def work() -> None:
        recorder = Recorder(RequestLog(open_log_database(url), Bounds()), Bounds())
        recorder.start()
        for facts in all_facts:
            error = LeadNotFoundError("No lead found") if facts["outcome"] == 20103 else None
            recorder.answered({"subscription_id": 1, **facts}, 0.1, b"<a/>", None, error)
        await recorder.close()

    asyncio.run(work())


def test_facts_of_any_source_are_recorded(url: str) -> None:
    """What no database holds stands there by its number, in names and values; a number that is too large as well."""
    open_store(load_settings(database_url=url, demo=True)).release()
    bad = "a\0b\ud83dc"
    names = ("user", "client", "operation", "unknown_user", "reason", "field", "why", "error", "request")
    odd: dict[str, Any] = {"outcome": 20103, **dict.fromkeys(names, bad), "unknown_fields": [bad], bad: {bad: [bad]}}

    record(
        url, {"outcome": "CREATED", "lead": 1}, odd, {"outcome": 20103, "huge": 10**400}, {"outcome": bad, "lead": 2}
    )

    first, second, third, fourth = entries(url)
    shown = "a[U+0000]b[U+D83D]c"
    assert (first.document["outcome"], fourth.document["outcome"], fourth.lead_id) == ("CREATED", shown, 2)
    assert {second.document[name] for name in names} == {shown}
    assert (second.document["unknown_fields"], second.document[shown]) == ([shown], {shown: [shown]})
    assert (third.failed, third.document["outcome"]) == (True, 20103)


REFUSING = {
    "sqlite": [
        """
        CREATE TRIGGER refusing BEFORE INSERT ON request_log WHEN instr(new.document, 'poison')
        BEGIN SELECT RAISE(ABORT, 'no'); END
        """
    ],
    "postgresql": [
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF strpos(new.document::text, 'poison') > 0 THEN RAISE EXCEPTION 'no'; END IF; RETURN new;
        END $$
        """,
        "CREATE TRIGGER refusing BEFORE INSERT ON request_log FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}
"""A database that does not take some entries."""


def test_an_entry_that_the_database_refuses_costs_itself_alone(url: str) -> None:
    """Its neighbours are whole, and it stands there without what was asked; calls after it are recorded."""
    open_store(load_settings(database_url=url, demo=True)).release()
    with opened(url) as engine, writing(engine) as connection:
        for statement in REFUSING[connection.dialect.name]:
            connection.exec_driver_sql(statement)

    record(url, *({"outcome": 20103, "user": "poison" if number == 3 else "u", "n": number} for number in range(7)))
    record(url, {"outcome": "UPDATED", "lead": 1})

    found = entries(url)
    assert [one.document.get("n") for one in found] == [0, 1, 2, None, 4, 5, 6, None]
    assert found[3].document["asked"] == "[cannot be shown: the database refused it, and the server's log says why]"
    assert found[7].lead_id == 1


def test_an_entry_that_the_database_refuses_is_told_of(url: str) -> None:
    """By the figures of the server, and by a line of its log that names the request."""
    settings = load_settings(database_url=url, demo=True)
    store = open_store(settings)
    with opened(url) as engine, writing(engine) as connection:
        for statement in REFUSING[connection.dialect.name]:
            connection.exec_driver_sql(statement)
    with capture_logs() as logged, TestClient(create_app(settings, store)) as client:
        for name in ("good", "poison", "fine"):
            client.post("/soap/mktows/2_7", content=b"<a/>", headers={"x-request-id": name})
        found = until(url, 3)

    assert [one.document.get("request") for one in found] == ["good", None, "fine"]
    (snapshot,) = store.board.all()
    assert dict(snapshot.numbers["synclead_calls_unrecorded_total"])["shortened",] == [1]
    told = [line["request"] for line in logged if line["event"] == "call recorded without what was asked"]
    assert told == ["poison"]


def test_no_recorded_call_of_a_forgotten_lead_stays(url: str) -> None:
    """Neither one that was recorded, nor one that the server still held, nor a refused one; the next are recorded."""
    call = Call(email="secret@t.com", attributes=(("FirstName", "Secret"),))
    bad = Call(email="secret@t.com", attributes=(("NumberOfEmployees", "many"),))
    with serving(url, show_values=True) as client:
        for turn in range(4):
            lead_id = sync(client, call).lead_id
            assert lead_id is not None
            if turn % 2:
                until(url, 4 * turn + 1)
            sync(client, call)
            sync(client, bad)
            client.post("/soap/mktows/2_7", content=envelope(bad, Credentials("nobody", "k")))
            with opened(url) as engine, writing(engine) as connection:
                (subscription_id,) = connection.execute(select(schema.subscription.c.id)).scalars().all()
                forget_lead(connection, subscription_id, lead_id, datetime.now(UTC))
            sync(client, Call(email=f"other{turn}@t.com"))
            until(url, 3 * (turn + 1) + turn)
            sync(client, Call(email="other@", attributes=(("FirstName", "Other"),)))
            found = until(url, 4 * (turn + 1))
            assert [one for one in found if "ecret" in repr(one)] == []

    assert [one.document["outcome"] for one in found] == [20110, 20014, "CREATED", 20110] * 4
    hidden = [one.document["asked"] == "[cannot be shown: a lead was forgotten since]" for one in found]
    assert hidden == [*[True, True, False, True] * 3, True, True, False, False]
    assert "<attrValue>Other</attrValue>" in found[-1].document["asked"]


@pytest.mark.long
def test_a_locked_log_disturbs_no_call(url: str) -> None:
    """Calls are answered meanwhile, and seen when it is free. On SQLite the lock is the whole database's, so that
    only calls that need no lead are answered."""
    is_sqlite = sqlite_path(url) is not None
    with serving(url) as client:
        sync(client, Call(email="t@t.com"))
        until(url, 1)
        with opened(url) as engine, writing(engine) as connection:
            if not is_sqlite:
                connection.execute(text("LOCK TABLE request_log IN EXCLUSIVE MODE"))
            for _ in range(3):
                began = monotonic()
                if is_sqlite:
                    client.post("/soap/mktows/2_7", content=b"no XML")
                else:
                    assert sync(client, Call(email="t@t.com")).status == "UPDATED"
                assert monotonic() - began < 5
            assert len(entries(url)) == 1
        assert len(until(url, 4)) == 4


@pytest.mark.long
def test_a_log_that_cannot_be_written_disturbs_no_call(url: str) -> None:
    """Neither calls nor the end of the server."""
    with serving(url) as client:
        with opened(url) as engine, writing(engine) as connection:
            connection.execute(text("DROP TABLE request_log"))
        assert [sync(client, Call(email="t@t.com")).status for _ in range(3)] == ["CREATED", "UPDATED", "UPDATED"]
        assert client.get("/readyz").status_code == 200
