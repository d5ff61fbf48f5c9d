"""Whatever fails under many concurrent clients: some order of their calls explains all answers and what is stored."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random, SystemRandom
from time import monotonic

import pytest

from support.history import IllegalHistoryError
from support.mixed_calls import Script, mixed_call, new_cookie_of_few
from support.planted import ANSWER_BEFORE_COMMIT, NO_LOCK, RETRY_WITHOUT_CHECK, Bug
from support.postgres import Postgres
from support.recording import Summary
from support.share import of_share, share
from support.site import Fault, Site, play, postgres_site, sqlite_site

LONG_SECONDS = 330
"""How long histories are made on each database."""
SEED = "SYNCLEAD_HISTORY_SEED"
"""Names the seed of a history that shall be made again."""


def new_site(
    request: pytest.FixtureRequest, database: str, folder: Path, environment: Mapping[str, str] | None = None
) -> AbstractContextManager[Site]:
    """One process on SQLite, or two on PostgreSQL."""
    if database == "sqlite":
        return sqlite_site(folder, environment)
    return postgres_site(request.getfixturevalue("postgres"), folder, environment)


def fault_of(site: Site, random: Random) -> Fault:
    """Something that can go wrong there."""
    if not site.proxies:
        return site.kill
    return random.choice(
        [site.kill, site.cut_before_commit, site.cut_after_commit, site.cut_anywhere, site.cut_anywhere, site.cut_all]
    )


def test_a_history_on_sqlite_is_legal(tmp_path: Path) -> None:
    """One process, killed twice under load."""
    with sqlite_site(tmp_path) as site:
        summary = play(site, 1, [site.kill, site.kill])
    print(f"SQLite, seed 1: {summary}; no illegal history")


@pytest.mark.long
def test_a_history_on_postgresql_is_legal(postgres: Postgres, tmp_path: Path) -> None:
    """Two processes, one killed, connections cut before, during and after COMMIT."""
    with postgres_site(postgres, tmp_path) as site:
        faults = [site.cut_before_commit, site.cut_after_commit, site.kill, site.cut_anywhere, site.cut_all]
        summary = play(site, 1, faults, clients=16, answers=50)
    print(f"PostgreSQL, seed 1: {summary}; no illegal history")


@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_no_history_is_illegal(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> None:
    """Other histories at every run, each on a new database, until the time is over."""
    total, end = Summary(), monotonic() + of_share(LONG_SECONDS)
    seeds: list[int] = []
    while monotonic() < end:
        # A share is always the same calls, so that what fails comes from a change; its timing never is.
        next_seed = len(seeds) + 2 if share() < 1 else SystemRandom().randrange(10**6)
        seed = int(os.environ.get(SEED) or next_seed)
        seeds.append(seed)
        print(f"{database}, seed {seed}")
        folder = tmp_path / str(len(seeds))
        folder.mkdir()
        random = Random(seed)
        with new_site(request, database, folder) as site:
            faults = [fault_of(site, random) for _ in range(random.randint(5, 15))]
            clients = random.choice([4, 16, 48])
            total.add(play(site, seed, faults, clients=clients, answers=20 * clients))
        shutil.rmtree(folder)
    print(f"{database}, {len(seeds)} histories, seeds {seeds}: {total}; no illegal history")


def assert_found(site: Site, bug: Bug, faults: Sequence[Fault], script: Script = mixed_call) -> None:
    """The checker calls the history illegal."""
    with pytest.raises(IllegalHistoryError) as found:
        play(site, 1, faults, script=script)
    print(f"{bug.name}: {found.value}")


@pytest.mark.long
@pytest.mark.parametrize("script", [mixed_call, new_cookie_of_few])
def test_a_missing_lock_is_found(postgres: Postgres, tmp_path: Path, script: Script) -> None:
    """Two processes plan on the same leads, whether or not a unique key of the database stops one of them."""
    with postgres_site(postgres, tmp_path, NO_LOCK.plant(tmp_path)) as site:
        assert_found(site, NO_LOCK, [], script)


@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_an_answer_before_its_commit_is_found(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> None:
    """A process that is killed between the two has acknowledged what is not there."""
    environment = ANSWER_BEFORE_COMMIT.plant(tmp_path)
    with new_site(request, database, tmp_path, environment) as site:
        assert_found(site, ANSWER_BEFORE_COMMIT, [site.kill] * 4)


@pytest.mark.long
def test_a_retry_without_a_look_at_the_outcome_is_found(postgres: Postgres, tmp_path: Path) -> None:
    """A connection that ends when COMMIT has arrived makes the group run twice."""
    with postgres_site(postgres, tmp_path, RETRY_WITHOUT_CHECK.plant(tmp_path)) as site:
        assert_found(site, RETRY_WITHOUT_CHECK, [site.cut_after_commit] * 3)
