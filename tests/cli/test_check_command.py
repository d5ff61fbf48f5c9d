"""`synclead check`: a captured request, explained without sending it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from support.command import Run
from support.envelopes import Call, Credentials, envelope

USER = Credentials("bigcorp1_461839624B16E06BA2D663", "a key that nobody shows")
OLD = "2013-07-31T12:38:47-07:00"
DECLARATION = f"""
[[subscription]]
name = "Example Corp"
munchkin_account = "561-HYG-937"
workspaces_enabled = true
api_users = [
  {{ id = "{USER.user}", encryption_key = "{USER.key}" }},
  {{ id = "closed", encryption_key = "{USER.key}", disabled = true }},
]
partitions = [ "Default", "Europe" ]
workspaces = [ {{ name = "Default", primary_partition = "Default" }}, {{ name = "EMEA", primary_partition = "Europe" }} ]
"""
GEORGE = Call(email="t@t.com", attributes=(("FirstName", "George"),))


@pytest.fixture
def checked(run: Run, tmp_path: Path) -> Run:
    """Checks a request on a database with one subscription."""
    (tmp_path / "s.toml").write_text(DECLARATION)
    assert run("apply", "s.toml").code == 0

    def check(sent: bytes, *options: str) -> Any:
        (tmp_path / "request.xml").write_bytes(sent)
        return run("check", "request.xml", *options)

    return check


def signed(call: Call, credentials: Credentials = USER) -> bytes:
    return envelope(call, credentials, OLD)


def test_a_right_request_is_explained(checked: Run, run: Run) -> None:
    """Who, signature, age, step and key, and what was asked; its age is no fault; nothing is written."""
    ran = checked(signed(GEORGE))

    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[:3] == [
        "the request can be read",
        f"user {USER.user}, subscription Example Corp",
        "the signature is right",
    ]
    assert "days old" in lines[3]
    assert lines[4:8] == [
        "operation: syncLead",
        "CREATED: lead 1 in partition Default",
        "step 6: nobody is meant yet, so a new lead (key: none)",
        "partition Default: decided by workspace Default",
    ]
    assert "    <Email>t@t.com</Email>" in lines
    assert "<requestSignature>[text, 40 characters]</requestSignature>" in ran.out
    assert USER.key not in ran.out
    assert run("lead", "show", "1").code == 1
    assert run("requests").out == ""


WRONG = [
    (
        signed(Call(email="no address")),
        "the server would answer 20110 - Input error: Bad value for Email: 'no address'",
    ),
    (signed(Call(email="t@t.com", attributes=(("pants", "x"),))), "`synclead fields add pants --type string`"),
    (signed(Call(id="7")), "20103 - Lead not found: No lead found with ID = 7"),
    (signed(GEORGE, Credentials(USER.user, "wrong")), "since: wrong signature"),
    (signed(GEORGE, Credentials("nobody", "k")), "since: unknown user"),
    (signed(GEORGE, Credentials("closed", USER.key)), "20013 - Access denied"),
    (signed(GEORGE).replace(OLD.encode(), b"yesterday"), "since: wrong signature"),
    (envelope(GEORGE, USER, "yesterday"), "since: timestamp cannot be read"),
    (signed(GEORGE).replace(b"paramsSyncLead", b"paramsSyncLeed"), "20019 - Unsupported operation"),
    (signed(GEORGE).replace(b"AuthenticationHeader", b"Other"), "since: no AuthenticationHeader"),
    (b"Email=t@t.com", "the request cannot be read"),
]


def test_a_wrong_request_is_answered_as_the_server_would(checked: Run) -> None:
    """With what to change, and exit code 1."""
    for sent, said in WRONG:
        ran = checked(sent)

        assert ran.code == 1, said
        assert said in ran.out
        assert "what to change: " in ran.out, said


def test_what_follows_a_refused_caller_is_looked_at_too(checked: Run) -> None:
    """Two things are mended at a time."""
    out = checked(signed(Call(email="no address"), Credentials(USER.user, "wrong"))).out

    assert out.index("20014 - ") < out.index("once the caller is let in:") < out.index("20110 - ")


def test_another_workspace_can_be_tried(checked: Run) -> None:
    """It takes the place of the one that the request names."""
    assert "lead 1 in partition Europe" in checked(signed(GEORGE), "--workspace", "emea").out
    assert "20110 - " in checked(signed(GEORGE), "--workspace", "Nowhere").out


def test_without_the_master_key_the_rest_is_explained(checked: Run, tmp_path: Path) -> None:
    """It says that nobody can tell whether the signature is right; no key is made."""
    key = tmp_path / "synclead.db.master-key"
    key.rename(tmp_path / "elsewhere")

    ran = checked(signed(GEORGE, Credentials(USER.user, "wrong")))

    assert ran.code == 0
    assert "whether the signature is right cannot be told: the master key file" in ran.out
    assert f"user {USER.user}, subscription Example Corp" in ran.out
    assert not key.exists()


def test_a_request_with_its_http_headers_is_read(checked: Run) -> None:
    """As programs and proxies write it down; the charset counts. Chunks are refused with what to do."""
    body = (
        signed(Call(email="t@t.com", attributes=(("FirstName", "Zoë"),))).decode().partition("?>")[2].encode("latin-1")
    )
    head = b"POST /soap/mktows/2_7 HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml; charset=ISO-8859-1\r\n"

    ran = checked(head + b"\r\n" + body)

    assert ran.code == 0
    assert "<attrValue>Zoë</attrValue>" in ran.out
    chunks = checked(head + b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + body)
    assert (chunks.code, chunks.out) == (1, "")
    assert "unpack it" in chunks.err
    assert "no body" in checked(head + b"\r\n").err


def test_the_request_is_read_from_standard_input(checked: Run, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the name -."""

    class Input:
        buffer = io.BytesIO(signed(GEORGE))

    monkeypatch.setattr("sys.stdin", Input())

    assert "CREATED: lead 1" in run("check", "-").out


def test_json_has_the_same(checked: Run) -> None:
    """For programs."""
    good = json.loads(checked(signed(GEORGE), "--json").out)
    bad = json.loads(checked(signed(Call(id="7"), Credentials(USER.user, "wrong")), "--json").out)

    assert (good["accepted"], good["signature"], good["faults"]) == (True, "right", [])
    assert (good["user"], good["subscription"], good["operation"]) == (USER.user, "Example Corp", "syncLead")
    assert good["explanation"][0] == "CREATED: lead 1 in partition Default"
    assert good["seconds_old"] > 10**8
    assert (bad["accepted"], bad["signature"]) == (False, "wrong")
    assert [fault["code"] for fault in bad["faults"]] == [20014, 20103]
    assert "--keep-ids" in bad["faults"][1]["advice"]


def test_a_file_that_cannot_be_read_is_refused(run: Run, checked: Run) -> None:
    """With the reason."""
    assert "cannot be read: No such file" in run("check", "nothing.xml").err
    assert "is empty" in checked(b" ").err
