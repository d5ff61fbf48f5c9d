"""The subscription that tests of the real server share, and what its log must not have in it."""

from support.inside import USER
from support.server import Server

DECLARATION = f"""
[[subscription]]
name = "Orchard"
munchkin_account = "100-AEK-914"
api_users = [ {{ id = "{USER.user}", encryption_key = "{USER.key}" }} ]
"""


def assert_no_defect(server: Server) -> None:
    """Every line of the log is JSON, and none tells of an error or an exception."""
    entries = server.log()
    assert len(entries) == len([line for line in server.lines if line.strip()]), server.lines[-20:]
    assert not [entry for entry in entries if "exception" in entry or entry.get("level") in ("error", "critical")]
