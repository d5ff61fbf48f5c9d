"""Bugs planted in a copy of the sources that a server runs from: what the checker of histories must find."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import synclead


@dataclass(frozen=True)
class Bug:
    """A change of the sources: a file under `synclead`, what stands in it once, and what takes its place."""

    name: str
    changes: Sequence[tuple[str, str, str]]

    def plant(self, folder: Path) -> dict[str, str]:
        """Copies the sources to `folder` with the bug; the environment of a server that runs from there."""
        copy = folder / "planted"
        shutil.copytree(Path(synclead.__file__).parent, copy / "synclead", ignore=shutil.ignore_patterns("__pycache__"))
        for name, there, instead in self.changes:
            path = copy / "synclead" / name
            text = path.read_text(encoding="utf-8")
            assert text.count(there) == 1, f"{name} has not once: {there}"
            path.write_text(text.replace(there, instead), encoding="utf-8")
        return {"PYTHONPATH": str(copy)}


NO_LOCK = Bug("no lock", [("store/sql/postgres/counter.sql", "FOR UPDATE\n", "\n")])

ANSWER_BEFORE_COMMIT = Bug(
    "answer before commit",
    [
        (
            "store/committing.py",
            "            planned.append(group)\n",
            "            planned.append(group)\n"
            "            for call, answer in zip(calls, group.answers, strict=False):\n"
            "                if not call.future.done():\n"
            "                    tell = call.future.set_exception if isinstance(answer, Exception) else call.future.set_result\n"
            "                    tell(answer)\n"
            "            await asyncio.sleep(0.2)\n",
        )
    ],
)

RETRY_WITHOUT_CHECK = Bug(
    "retry without the outcome check",
    [
        (
            "store/committing.py",
            "committed = await self._commits.is_committed(subscription_id, number)",
            "committed = False",
        )
    ],
)
