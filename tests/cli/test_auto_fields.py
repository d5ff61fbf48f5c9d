"""Fields that calls made, as `synclead fields list --auto` shows them."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from support.command import Run
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store.sqlite import SqliteDatabase
from synclead.store.writer import Writer

FILE = """
[[subscription]]
name = "Example Corp"
munchkin_account = "561-HYG-937"
policy = { unknown_fields = "create" }
fields = [ { name = "Shoe", type = "integer" } ]
"""


def test_fields_that_calls_made_are_listed(run: Run, tmp_path: Path) -> None:
    """The field of an unknown name is a string field; declared fields and blank values are not in the list."""
    (tmp_path / "leads.toml").write_text(FILE)
    assert run("apply", "leads.toml").code == 0
    pairs = (RawAttribute("Pants", "blue"), RawAttribute("Hat", ""), RawAttribute("Shoe", "42"))

    async def sync() -> None:
        writer = Writer(SqliteDatabase(tmp_path / "synclead.db"), now=lambda: datetime(2026, 8, 1, tzinfo=UTC))
        await writer.start()
        await writer.sync(1, RawRecord(email="t@t.com", attributes=pairs))
        await writer.close()

    asyncio.run(sync())
    listed = json.loads(run("fields", "list", "--auto", "--json").out)

    assert [(field["name"], field["type"]) for field in listed] == [("Pants", "string")]
