"""The parts of the benchmarks: each one is a run whose subjects alternate."""
