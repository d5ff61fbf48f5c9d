"""Requests that are no calls leave a trace, and not too many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from support.endpoint import Client
from support.logs import capture_logs
from synclead.leads.errors import SyncleadError
from synclead.soap.advice import advise
from synclead.soap.causes import Cause
from synclead.soap.observer import CallObserver, CallRecorder
from synclead.soap.strays import A_MINUTE, Strays


class Kept(CallRecorder):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.entries: list[tuple[Mapping[str, Any], str]] = []

    def answered(
        self,
        facts: Mapping[str, Any],
        seconds: float,
        sent: bytes,
        charset: str | None,
        error: SyncleadError | None,
        *,
        is_whole: bool = True,
    ) -> None:
        """See CallRecorder."""
        assert error is not None
        self.entries.append((facts, error.public))


class Counted(CallObserver):
    """Counts kinds."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def strayed(self, kind: str) -> None:
        """See CallObserver."""
        self.kinds.append(kind)


@pytest.mark.parametrize(
    ("method", "path", "origin", "status", "cause", "said"),
    [
        ("POST", "/soap/mktows/2_7/foo", "", 404, Cause.PATH, "POST /soap/mktows/2_7/foo is no path of SOAP"),
        ("POST", "/soap/mktows", "", 404, Cause.PATH, "POST /soap/mktows is no path of SOAP"),
        ("GET", "/soap/x?key=secret", "", 404, Cause.PATH, "GET /soap/x is no path of SOAP"),
        ("GET", "/soap/mktows/2_7", "", 405, Cause.METHOD, "GET /soap/mktows/2_7 is no POST"),
        ("PUT", "/soap/mktows/2_7", "", 405, Cause.METHOD, "PUT /soap/mktows/2_7 is no POST"),
        ("POST", "/soap/mktows/2_7", "https://a.example", 403, Cause.PAGE, "comes from a browser's page"),
        ("POST", "/soap/\x1b[2J\u202e", "", 404, Cause.PATH, "POST /soap/[U+001B][2J[U+202E] is no path of SOAP"),
        ("POST", "/soap/" + "x" * 5_000, "", 404, Cause.PATH, "x is no path of SOAP"),
    ],
)
def test_a_request_to_the_wrong_door_is_told(
    method: str, path: str, origin: str, status: int, cause: Cause, said: str
) -> None:
    """In the log, in the log of calls and in a metric, with an advice; without its query, and bounded."""
    client = Client()
    kept, counted = Kept(), Counted()
    object.__setattr__(client.parts, "recorder", kept)
    object.__setattr__(client.parts, "observer", counted)
    response = client.request(method, path, origin=origin) if origin else client.request(method, path)
    assert response.status == status
    ((facts, message),) = kept.entries
    assert message.endswith(said)
    assert len(message) < 300
    assert (facts["outcome"], facts["cause"]) == (f"HTTP {status}", cause.value)
    assert advise(20012, facts) != advise(20012, {})
    assert counted.kinds == [cause.value]
    assert any(line["event"] == "no call" and line["reason"] == message for line in client.logged)


def test_of_many_a_few_are_told() -> None:
    """Ten a minute of each kind; the next one that is told says how many were left out, and all are counted."""
    kept, counted, moment = Kept(), Counted(), [100.0]
    strays = Strays(kept, counted, lambda: moment[0])
    with capture_logs() as logged:
        for _ in range(A_MINUTE + 25):
            strays.came(Cause.PATH, 404, {}, "x")
        strays.came(Cause.TLS, 400, {}, "y")
        assert [message for _, message in kept.entries] == ["x"] * A_MINUTE + ["y"]
        moment[0] += 61
        strays.came(Cause.PATH, 404, {}, "z")
        strays.came(Cause.PATH, 404, {}, "z")
    assert [facts.get("left_out") for facts, _ in kept.entries[-2:]] == [25, None]
    assert len(counted.kinds) == A_MINUTE + 28
    assert len(logged) == A_MINUTE + 3
