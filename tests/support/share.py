"""How much of the long tests runs: all of it, or a share for a machine that has less time."""

from __future__ import annotations

import os

VARIABLE = "SYNCLEAD_LONG_SHARE"


def of_share(amount: int, *, least: int = 1) -> int:
    """What is left of a long test's kills, histories or seconds; `amount` where no share is set."""
    return max(least, round(amount * share()))


def share() -> float:
    """More than 0, at most 1. Raises ValueError for anything else, so that a slip does not test nothing."""
    text = os.environ.get(VARIABLE) or "1"
    found = float(text)
    if not 0 < found <= 1:
        raise ValueError(f"{VARIABLE} is {text}: name a number above 0, at most 1")
    return found
