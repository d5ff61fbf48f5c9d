"""Benchmarks: synclead beside the limit of its database and beside what a team would write instead."""
