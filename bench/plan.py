"""How much is measured: for the record, or just enough to see that every part works."""

from __future__ import annotations

from dataclasses import dataclass

KNOWN_LEADS = 50_000
"""Leads stored before the first call, on every side."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and times of one run."""

    rounds: int
    """Every subject is measured once a round, one after the other; the figures are medians over the rounds."""
    peer_rounds: int
    """The same for the part `peers`, which most targets are judged by: with 5 rounds a ratio came out a sixth apart."""
    seconds: float
    """How long a cell is under load."""
    warm_seconds: float
    """Load before the first round, which nobody counts: compilers and caches want it."""
    peer_warm_cells: int
    """So many times of it in the part `peers`: after one, Java's first round was its slowest but at 64 connections."""
    connections: tuple[int, ...]
    known: int
    sizes: tuple[int, ...]
    """Leads stored at the points of the curve; the first but one is what the others are compared with."""
    size_connections: int
    imported: int
    """Rows of the import."""
    loops: int
    """Repetitions of each micro benchmark."""


FULL = Plan(
    rounds=5,
    peer_rounds=9,
    seconds=5,
    warm_seconds=20,
    peer_warm_cells=4,
    connections=(1, 16, 64, 128),
    known=KNOWN_LEADS,
    sizes=(0, KNOWN_LEADS, 100_000, 1_000_000, 5_000_000),
    size_connections=64,
    imported=200_000,
    loops=9,
)
QUICK = Plan(
    rounds=1,
    peer_rounds=1,
    seconds=2,
    warm_seconds=4,
    peer_warm_cells=1,
    connections=(1, 16, 64, 128),
    known=2_000,
    sizes=(0, 1_000, 2_000, 10_000),
    size_connections=64,
    imported=2_000,
    loops=3,
)
"""Its figures mean nothing."""
