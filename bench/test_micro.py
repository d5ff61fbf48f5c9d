"""The steps of a call under pytest-benchmark: `python -m pytest bench/test_micro.py` prints them beside each other."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.steps import steps

_STEPS = steps()


@pytest.mark.parametrize("name", _STEPS)
def test_step(benchmark: BenchmarkFixture, name: str) -> None:
    """One step, as often as it takes to be measured."""
    benchmark(_STEPS[name])
