"""A cell counts only where its calls went to as many different leads as uniform choice makes."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from bench.errors import CellFailedError
from bench.spread import bounds, check_choice, chosen

KNOWN = 50_000


def check(updates: int, different: int, *, made: int | None = None, connections: int = 16) -> None:
    """A cell with as many new leads as updates, but where another number is given."""
    made = updates if made is None else made
    check_choice(made=made, updates=updates, different=different, known=KNOWN, connections=connections)


# fmt: off
@pytest.mark.parametrize(("updates", "known", "mean", "deviation"), [
    # Mean and standard deviation by arithmetic with 60 digits.
    (10_000, 50_000, 9063.54, 26.78),
    (20_000, 50_000, 16484.13, 45.42),
    (4_000, 2_000, 1729.46, 12.68),
    (15_000, 5_000_000, 14977.52, 4.73),
])
def test_the_bounds_lie_around_the_mean(updates: int, known: int, mean: float, deviation: float) -> None:
    """Six standard deviations and six leads on either side."""
    least, most = bounds(updates, known)
    assert least == pytest.approx(mean - 6 * deviation - 6, abs=1.5)
    assert most == pytest.approx(min(mean + 6 * deviation + 6, updates, known), abs=1.5)
# fmt: on


def test_few_updates_and_few_leads_have_bounds() -> None:
    """Nobody goes to more leads than there are, or than there were updates."""
    for known in range(1, 12):
        for updates in range(12):
            least, most = bounds(updates, known)
            assert 0 <= least <= most <= min(updates, known)
            assert (least > 0) == (updates > 0)
    assert bounds(1_000_000, 10) == (4, 10)


@pytest.mark.parametrize("updates", [1, 30, 900, 20_000])
def test_uniform_choice_is_between_them(updates: int) -> None:
    """Whatever the seed."""
    for seed in range(20):
        choose = Random(seed).randint
        check(updates, len({choose(1, KNOWN) for _ in range(updates)}))


def shrinking(clients: int, turns: int) -> int:
    """The different leads that clients choose who take what they chose last for the number of leads."""
    choose, found = Random(7).randint, set()
    for _ in range(clients):
        known = KNOWN
        for _ in range(turns):
            known = choose(1, known)
            found.add(known)
    return len(found)


@pytest.mark.parametrize("clients", [1, 16, 64, 128])
def test_a_queue_for_one_lead_fails(clients: int) -> None:
    """As where each choice is among the leads up to the one before: soon all choose the first."""
    with pytest.raises(CellFailedError, match=r"different leads; chosen uniformly of 50,000 they are \d+ to \d+"):
        check(clients * 100, shrinking(clients, 100))


def test_one_lead_after_the_other_fails() -> None:
    """Without repetition it is another load too, one that is kinder than chance."""
    with pytest.raises(CellFailedError, match="10000 updates went to 10000 different leads"):
        check(10_000, 10_000)


def test_half_of_the_calls_are_for_known_leads() -> None:
    """But for those that were under way at the end."""
    check(900, 893, made=917)
    for made in (918, 882):
        with pytest.raises(CellFailedError, match=f"{made} calls were for new leads and 900 for known ones"):
            check(900, 893, made=made)


def test_the_emails_say_what_was_chosen() -> None:
    """Each new one is of a lead of its own; a known one may come again."""
    assert chosen(f"{name}@bench.example" for name in ("new-1-1", "known-5", "new-1-3", "known-5")) == (2, 2, 1)


def test_the_bounds_grow_with_the_updates() -> None:
    """So that no cell is judged more mildly for being faster."""
    least = [bounds(updates, KNOWN)[0] for updates in range(100, 40_000, 500)]
    assert all(one < other for one, other in pairwise(least))
