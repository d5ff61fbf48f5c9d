"""Whatever fails under many concurrent clients: some order of their calls explains all answers and what is stored."""

from __future__ import annotations

from pathlib import Path

from support.postgres import Postgres
from support.site import play, postgres_site, sqlite_site


def test_a_history_on_sqlite_is_legal(tmp_path: Path) -> None:
    """One process, killed twice under load."""
    with sqlite_site(tmp_path) as site:
        summary = play(site, 1, [site.kill, site.kill])
    print(f"SQLite, seed 1: {summary}; no illegal history")


def test_a_history_on_postgresql_is_legal(postgres: Postgres, tmp_path: Path) -> None:
    """Two processes, one killed, connections cut before, during and after COMMIT."""
    with postgres_site(postgres, tmp_path) as site:
        faults = [site.cut_before_commit, site.cut_after_commit, site.kill, site.cut_anywhere, site.cut_all]
        summary = play(site, 1, faults)
    print(f"PostgreSQL, seed 1: {summary}; no illegal history")
