"""Whether the calls of a cell went to as many different leads as uniform choice makes.

A load that comes back to few leads measures a queue for their rows, and one that never comes back to a lead is kinder
than chance: neither says what a database can commit. No figure shows that, so it is counted after each cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, exp, expm1, floor, log1p, sqrt

from bench.errors import CellFailedError

_DEVIATIONS = 6
"""Standard deviations on either side: chance goes beyond them about once in a thousand million cells."""
_FEW = 6
"""Leads beside that: of few updates the number is no bell."""


def bounds(updates: int, known: int) -> tuple[int, int]:
    """How many different leads so many updates of leads chosen uniformly, with repetition, go to: least and most.

    A lead is left out with the probability q = (1 - 1/known)^updates, and two certain ones with (1 - 2/known)^updates,
    which is q² (1 - 1/(known - 1)²)^updates: from that follow the mean, known (1 - q), and the variance,
    known q (1 - q) + known (known - 1) ((1 - 2/known)^updates - q²).
    """
    if known < 3 or not updates:
        return min(updates, 1), min(updates, known)
    left_out = exp(updates * log1p(-1 / known))
    mean = -known * expm1(updates * log1p(-1 / known))
    together = left_out**2 * expm1(updates * log1p(-1 / (known - 1) ** 2))  # with known large no difference of two ones
    variance = known * left_out * (1 - left_out) + known * (known - 1) * together
    margin = _DEVIATIONS * sqrt(max(variance, 0.0)) + _FEW
    return max(floor(mean - margin), 1), min(ceil(mean + margin), updates, known)


def check_choice(*, made: int, updates: int, different: int, known: int, connections: int) -> None:
    """Returns where the calls of a cell were chosen as they should be. Raises CellFailedError saying what is not so.

    Every second call makes a lead, the others update one of the `known`; a connection may have one call under way at
    the end. `different`: leads that the `updates` went to.
    """
    if abs(made - updates) > connections + 1:
        raise CellFailedError(f"{made} calls were for new leads and {updates} for known ones, not as many of each")
    least, most = bounds(updates, known)
    if not least <= different <= most:
        raise CellFailedError(
            f"{updates} updates went to {different} different leads; "
            f"chosen uniformly of {known:,} they are {least} to {most}"
        )


def chosen(emails: Iterable[str]) -> tuple[int, int, int]:
    """Of the Emails of calls: those of new leads, those of known ones, and how many different known ones."""
    updated = [(email, email.startswith("known-")) for email in emails]
    known = [email for email, is_known in updated if is_known]
    return len(updated) - len(known), len(known), len(set(known))
